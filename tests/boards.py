"""TensorBoard as its users have it: its own server, asked over HTTP."""

import json
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from http import HTTPStatus
from urllib.parse import urlencode
from urllib.request import Request, urlopen


class Board:
    """What a server shows; `run` is a folder's path below the log's."""

    def __init__(self, address: str) -> None:
        self._address = address

    def ask(self, path: str, given=None, **query: str):
        body = None if given is None else json.dumps(given).encode()
        headers = {"Content-Type": "application/json"}
        url = f"{self._address}data/{path}?{urlencode(query)}"
        with urlopen(Request(url, body, headers)) as answer:
            assert answer.status == HTTPStatus.OK
            return json.load(answer)

    def tags(self) -> dict[str, list[str]]:
        """The scalars of each run."""
        return self.ask("plugin/scalars/tags")

    def scalars(self, run: str, tag: str) -> list[tuple[int, float]]:
        """Updates and values, in the order that TensorBoard draws them in."""
        points = self.ask("plugin/scalars/scalars", run=run, tag=tag)
        return [(step, value) for _, step, value in points]

    def experiment(self):
        """The columns of the HPARAMS page."""
        return self.ask("plugin/hparams/experiment", {"experimentName": ""})

    def rows(self):
        """The rows of the HPARAMS page by their names."""
        experiment = self.experiment()
        columns = [{"hparam": each["name"]} for each in experiment["hparamInfos"]]
        columns += [{"metric": each["name"]} for each in experiment["metricInfos"]]
        statuses = ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"]
        given = {
            "experimentName": "",
            "allowedStatuses": statuses,
            "colParams": columns,
            "startIndex": 0,
            "sliceSize": 100,
        }
        answer = self.ask("plugin/hparams/session_groups", given)
        return {group["name"]: group for group in answer["sessionGroups"]}


@contextmanager
def tensorboard(folder, *, fast: bool = False):
    """A server that shows `folder`, read by its Python loader, or by the fast one."""
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder), "--port", "0"]
    server = subprocess.Popen(
        [*command, f"--load_fast={str(fast).lower()}"], stderr=subprocess.PIPE, text=True
    )
    try:
        while (found := re.search(r"http://\S+", line := server.stderr.readline())) is None:
            assert line or server.poll() is None
        board = Board(found[0])
        before: dict[str, list[str]] = {}
        deadline = time.monotonic() + 60
        while not (found := board.tags()) or found != before:  # all are read, or none more come
            assert time.monotonic() < deadline, found
            before = found
            time.sleep(0.3)
        yield board
    finally:
        server.terminate()
        server.communicate()
