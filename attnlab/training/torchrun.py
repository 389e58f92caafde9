"""What torchrun tells a process that it started, and is told by it when that process fails.

torchrun's agent, one a machine, starts processes, ends all of them when one fails, and may start
them again. Knows nothing of what they train.
"""

import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import torch
import torch.distributed as dist
from torch.distributed.distributed_c10d import Store
from torch.distributed.rendezvous import rendezvous as torch_rendezvous

from attnlab.support.errors import AttnlabError
from attnlab.support.workers import usable_cores
from attnlab.training.distributed import ALONE, ProcessGroup
from attnlab.training.processes import Processes
from attnlab.training.rendezvous import rendezvous

_TIME_TO_MEET = timedelta(minutes=10)
_SECONDS_TO_FOLLOW = 3.0  # in which the others come to end with what one ends with
_SECONDS_BETWEEN_LOOKS = 0.02
_SECONDS_TO_SPEAK = 1.0  # torchrun ends all processes as soon as one has ended
_TIME_TO_PREPARE = timedelta(days=2)  # the first process may tokenise; the others wait for it


class LostError(AttnlabError):
    """Another process of the group has ended, or does not answer."""


@contextmanager
def started_processes() -> Iterator[ProcessGroup]:
    """The group of this process: those that torchrun started with it, or itself alone.

    What ends a process within the block is reported to torchrun, and what several of them end
    with alike is raised by one of them: the others exit without a word.

    Raises:
        AttnlabError: the processes do not find one another, or lose one.
    """
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        yield ALONE
        return
    with _reporting():
        try:
            store, rank, size = next(torch_rendezvous("env://", timeout=_TIME_TO_MEET))
            store = rendezvous(store, rank, size, _TIME_TO_MEET)
        except (RuntimeError, ValueError) as error:
            raise _not_met(error) from error
    with _reporting(store, size):
        with _telling_of_losses():
            try:
                dist.init_process_group(
                    "gloo", store=store, rank=rank, world_size=size, timeout=_TIME_TO_PREPARE
                )
            except RuntimeError as error:
                raise _not_met(error) from error
            yield Processes(int(os.environ["LOCAL_RANK"]), _memory())
        dist.destroy_process_group()


def _not_met(error: Exception) -> AttnlabError:
    return AttnlabError(
        f"{socket.gethostname()}: the processes that torchrun started do not find one another "
        f"({_first_line(error)}); if the machine's name leads nowhere, name its network interface "
        "in GLOO_SOCKET_IFNAME, such as lo for a single machine"
    )


@contextmanager
def _telling_of_losses() -> Iterator[None]:
    """Within the block, torch's complaint that another process is gone becomes a `LostError`."""
    try:
        yield
    except RuntimeError as error:
        text = str(error)
        if not (isinstance(error, dist.DistError) or "gloo" in text):
            raise
        happened = (
            "did not answer within distributed.timeout_seconds (it hangs, or needs more of them)"
            if "imed out" in text
            else "has ended, and so does this one; what ended it stands above, or below in "
            "torchrun's own words"
        )
        raise LostError(
            f"another process of this training {happened}. The last checkpoint stands"
        ) from error


@contextmanager
def _reporting(store: Store | None = None, size: int = 1) -> Iterator[None]:
    try:
        yield
    except AttnlabError as error:
        _report(str(error))
        if store is None:
            raise
        # Processes that are told of the same failure would say it once each.
        lost = isinstance(error, LostError)
        is_first = _is_first_to_say("lost" if lost else str(error), store)
        if not lost:
            _let_others_follow(store, size)
        if is_first:
            raise
        time.sleep(_SECONDS_TO_SPEAK)
        sys.exit(error.exit_code)


def _report(message: str) -> None:
    """Have torchrun put `message` where it lists the processes that failed."""
    if path := os.environ.get("TORCHELASTIC_ERROR_FILE"):
        extra = {"py_callstack": message, "timestamp": str(int(time.time()))}
        told = {"message": {"message": message, "extraInfo": extra}}
        with suppress(OSError):
            Path(path).write_text(json.dumps(told), encoding="utf-8")


def _is_first_to_say(what: str, store: Store) -> bool:
    try:
        return int(store.add(f"said/{sha256(what.encode()).hexdigest()}", 1)) == 1
    except RuntimeError:  # it went with the process that is lost
        return True


def _let_others_follow(store: Store, size: int) -> None:
    """Return when all `size` processes are ending, or no more of them are to be expected.

    A process that is gone takes with it what a slower one needs to learn the failure, and that
    it is said.
    """
    deadline = time.monotonic() + _SECONDS_TO_FOLLOW
    with suppress(RuntimeError):
        ending = store.add("ending", 1)
        while ending < size and time.monotonic() < deadline:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
            ending = store.add("ending", 0)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _restarts() -> int:
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", 0))


def _memory() -> Path | None:
    """A place on this machine that is kept through restarts, and is of this call of torchrun.

    The agent lives as long as the call, and so does the folder that it made for error files:
    FOLDER/attempt_0/0/error.json.

    Raises:
        AttnlabError: there is none, and the processes were restarted.
    """
    if path := os.environ.get("TORCHELASTIC_ERROR_FILE"):
        return Path(path).parents[2] / "attnlab-run"
    if _restarts():
        raise AttnlabError(
            "torchrun restarted the training, and without a log folder there is no telling which "
            "run that was; give torchrun another --log-dir, and go on with: attnlab train --resume"
        )
    return None


def settle_threads(wanted: int | None) -> None:
    """Have torch compute in `wanted` threads, or in this process's share of the machine's cores.

    torchrun sets OMP_NUM_THREADS=1, lest each of several processes takes all cores; any other
    number is its user's and stands.
    """
    processes = int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    if wanted is not None:
        torch.set_num_threads(wanted)
    elif processes > 1 and os.environ.get("OMP_NUM_THREADS") == "1":
        torch.set_num_threads(max(1, usable_cores() // processes))
