"""Real attnlab processes that start at once: forked from a server which has imported everything.

They have a working folder and an output of their own, and can be killed like any other.
"""

import multiprocessing
import os
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.refusals import assert_no_raw_failure

_SERVER = multiprocessing.get_context("forkserver") if os.name == "posix" else None
_started = []
NEEDED = [
    "attnlab.__main__",
    "attnlab.trainer.train",
    "attnlab.evaluate.splits",
    "attnlab.studies.plot_attention.plot",
    "attnlab.studies.heads.survey",
    "hydra._internal.hydra",
    "torch._dynamo",  # an optimiser wants it: seconds
    "torch.profiler._cupti_monitor",
    "torch.utils.serialization.config",
    "numpy.ctypeslib",
    "matplotlib.pyplot",  # and these TensorBoard's writer
    "PIL.JpegImagePlugin",
    "PIL.GifImagePlugin",
    "filelock",
    "pydantic.json_schema",
    "pydantic.type_adapter",
    "hydra._internal.core_plugins.bash_completion",
    "hydra._internal.core_plugins.basic_launcher",
    "hydra._internal.core_plugins.basic_sweeper",
    "hydra._internal.core_plugins.file_config_source",
    "hydra._internal.core_plugins.importlib_resources_config_source",
    "hydra._internal.core_plugins.structured_config_source",
    "antlr4.LL1Analyzer",
    "pooch",
    "sacrebleu.tokenizers.tokenizer_13a",
    "tests.preloaded",
]


@dataclass(frozen=True)
class _Surroundings:
    """What a process finds: working folder, variables, and the files that are its streams."""

    folder: str
    variables: dict[str, str]
    given: str
    output: str
    errors: str

    def enter(self) -> None:
        os.chdir(self.folder)
        os.environ.clear()
        os.environ.update(self.variables)
        os.dup2(os.open(self.given, os.O_RDONLY), 0)
        for number, path in ((1, self.output), (2, self.errors)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
        sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")


def _run(surroundings: _Surroundings, arguments: list[str], preparation: str) -> None:
    surroundings.enter()
    import torch

    from attnlab.__main__ import main

    torch.set_num_threads(1)
    exec(preparation, {})
    sys.argv = ["attnlab", *arguments]
    main()


class Attnlab:
    """The command with `arguments`, running in `folder`; `preparation` is Python to run first.

    It reads the file `given`, and writes what it says to `errors`, which is one file with its
    output unless it is another.
    """

    def __init__(
        self,
        *arguments: str,
        folder: Path,
        preparation: str = "",
        given: Path = Path(os.devnull),
        output: Path | None = None,
        errors: Path | None = None,
    ) -> None:
        assert _SERVER is not None
        _SERVER.set_forkserver_preload(NEEDED)
        self._log = output or folder / f"log-{time.monotonic_ns()}"
        variables = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
        surroundings = _Surroundings(
            str(folder), variables, str(given), str(self._log), str(errors or self._log)
        )
        values = (surroundings, list(arguments), preparation)
        self._process = _SERVER.Process(target=_run, args=values)
        self._process.start()
        _started.append(self._process)
        self.pid = self._process.pid

    @property
    def ended(self) -> bool:
        return self._process.exitcode is not None

    def send(self, number: int) -> None:
        """Send a signal."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def wait(self, timeout: float = 300) -> int:
        """The exit code; minus the signal's number for one that was killed."""
        self._process.join(timeout)
        if not self.ended:
            self._process.kill()
            self._process.join()
            raise TimeoutError(self.told())
        assert_no_raw_failure(self.told())
        return self._process.exitcode

    @property
    def code(self) -> int:
        return self.wait()

    @property
    def printed(self) -> str:
        return self.told()

    def told(self) -> str:
        """All that it has printed so far."""
        return self._log.read_text() if self._log.exists() else ""


@dataclass(frozen=True)
class Result:
    """A finished process: its exit code, and all that it told, on one line."""

    code: int
    told: str
    folder: Path

    @property
    def printed(self) -> str:
        return self.told

    @property
    def run(self) -> Path:
        """The run in the folder that was begun last."""
        runs = self.folder.glob("runs/*/*/overrides.yaml")
        return max(runs, key=lambda path: path.stat().st_mtime_ns).parent


def attnlab(*arguments: str, folder: Path) -> Result:
    """The command, run to its end."""
    process = Attnlab(*arguments, folder=folder)
    code = process.wait()
    return Result(code, " ".join(process.told().split()), folder)


def end_all() -> None:
    """Kill what a test that failed has left behind."""
    while _started:
        process = _started.pop()
        process.kill()
        process.join()


def eventually(condition, process: Attnlab, timeout: float = 200) -> bool:
    """Wait until `condition()` holds; False if the process has ended before that."""
    deadline = time.monotonic() + timeout
    while not condition():
        if process.ended:
            return bool(condition())
        assert time.monotonic() < deadline, process.told()
        time.sleep(0.002)
    return True
