"""Several attnlab processes that train together: at once, or started and watched by torchrun."""

import multiprocessing
import os
import pickle
import socket
import subprocess
import sys
import time
from contextlib import suppress

import psutil
import torch

from attnlab.training.torchrun import started_processes
from tests.runs import environment
from tests.warm import NEEDED, Attnlab

_started = []


def variables(rank: int, size: int, port: int) -> dict[str, str]:
    """What torchrun would tell process `rank` of `size` on this machine."""
    return {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(size),
        "LOCAL_WORLD_SIZE": str(size),
        "MASTER_ADDR": "localhost",
        "MASTER_PORT": str(port),
        "TORCHELASTIC_RUN_ID": "tests",
        "TORCHELASTIC_USE_AGENT_STORE": "False",  # the first process has it
    }


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("localhost", 0))
        return listening.getsockname()[1]


def _call(function, told, folder):
    os.environ.update(told)
    torch.set_num_threads(1)
    torch.manual_seed(1)
    with started_processes() as group:
        found = function(group, folder)
        (folder / f"found-by-{group.rank}").write_bytes(pickle.dumps(found))


def each_of(function, folder, size=2):
    """What `function(group, folder)` gives in each of `size` processes, by rank."""
    context, port = multiprocessing.get_context("forkserver"), free_port()
    context.set_forkserver_preload(NEEDED)
    processes = [
        context.Process(target=_call, args=(function, variables(rank, size, port), folder))
        for rank in range(size)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(200)
        process.kill()
    assert [process.exitcode for process in processes] == [0] * size
    return [pickle.loads((folder / f"found-by-{rank}").read_bytes()) for rank in range(size)]


class Together:
    """The command with `arguments`, running in `size` processes that know of one another."""

    def __init__(self, *arguments, folder, size=2, preparation=""):
        port = free_port()
        self.processes = []
        for rank in range(size):
            told = f"import os; os.environ.update({variables(rank, size, port)!r})\n"
            self.processes.append(
                Attnlab(*arguments, folder=folder, preparation=told + preparation)
            )

    def wait(self):
        """Each process's exit code."""
        return [process.wait() for process in self.processes]

    def told(self):
        return [process.told() for process in self.processes]


class Torchrun:
    """`torchrun OPTIONS -m attnlab ARGUMENTS` with two processes, running in `folder`."""

    def __init__(self, *arguments, folder, options=()):
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        command += ["--nproc-per-node=2", *options, "-m", "attnlab", *arguments]
        self._log = folder / f"torchrun-{time.monotonic_ns()}"
        with self._log.open("wb") as log:
            self.agent = subprocess.Popen(
                command, cwd=folder, env=environment(), stdout=log, stderr=log
            )
        _started.append(self.agent)

    @property
    def ended(self):
        return self.agent.poll() is not None

    def told(self):
        return self._log.read_text()

    def process(self, rank):
        """The process of that rank."""
        for child in psutil.Process(self.agent.pid).children():
            with suppress(psutil.Error):
                if child.environ().get("RANK") == str(rank):
                    return child
        raise AssertionError(self.told())

    def wait(self, timeout=300):
        """torchrun's exit code."""
        try:
            return self.agent.wait(timeout)
        except subprocess.TimeoutExpired as expired:
            raise TimeoutError(self.told()) from expired


def end_torchruns():
    """Kill what a test that failed has left behind."""
    while _started:
        agent = _started.pop()
        with suppress(psutil.Error):
            for process in psutil.Process(agent.pid).children(recursive=True):
                os.kill(process.pid, 9)
        agent.kill()
        agent.wait()
