"""Processes that torchrun started: how they connect, and how they end when one of them fails.

torchrun's agent, one a machine, starts processes, ends all of them when one fails, and may start
them again.
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
from uuid import uuid4

import torch.distributed as dist
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous as torch_rendezvous

from attnlab.support.errors import AttnlabError
from attnlab.training.distributed import ALONE, ProcessGroup

_TIME_TO_CONNECT = timedelta(minutes=10)
_TIME_TO_PREPARE = timedelta(days=2)  # the first process may tokenise; the others wait for it
_TIME_TO_FAIL = timedelta(seconds=3)  # in which the other processes reach the same failure
_SECONDS_TO_PRINT = 1.0  # torchrun ends all processes as soon as one has ended
_SECONDS_BETWEEN_CHECKS = 0.02


class LostError(AttnlabError):
    """Another process of the group has ended, or does not answer."""


@contextmanager
def started_processes() -> Iterator[ProcessGroup]:
    """The group of this process: those that torchrun started with it, or itself alone.

    An error that leaves the block is reported to torchrun. Where several processes fail with one
    message, one of them raises it; the others exit silently.

    Raises:
        AttnlabError: the processes cannot connect, or one is lost.
    """
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        yield ALONE
        return
    store = None
    try:
        with _not_connected():
            found, rank, size = next(torch_rendezvous("env://", timeout=_TIME_TO_CONNECT))
            while isinstance(found, PrefixStore):  # by torch before 2.13, another at each restart
                found = found.underlying_store
            store = rendezvous(found, rank, size, _TIME_TO_CONNECT)
            dist.init_process_group(
                "gloo", store=store, rank=rank, world_size=size, timeout=_TIME_TO_PREPARE
            )
        with _lost_processes():
            yield ProcessGroup(rank, size, int(os.environ["LOCAL_RANK"]), _agents(found))
        dist.destroy_process_group()
    except AttnlabError as error:
        _report(str(error))
        if store is None or _is_first_to_raise(error, store):
            raise
        time.sleep(_SECONDS_TO_PRINT)
        sys.exit(error.exit_code)


def rendezvous(store: Store, rank: int, size: int, timeout: timedelta) -> Store:
    """A part of `store` that only the `size` processes share which now call this, one a rank.

    torchrun's store outlives the processes that it restarts, and still holds the addresses of
    those that ended; torch 2.13 would connect to them. So rank 0 names a new part of the store, and
    each other rank asks for the name by a request that was never used before. Requests of ended
    processes are answered too, in vain.

    Raises:
        RuntimeError: not all have come within `timeout`.
    """
    store.set_timeout(timeout)
    name = uuid4().hex
    if rank > 0:
        store.set(f"attnlab/request/{rank}", name)
        name = store.get(f"attnlab/answer/{name}").decode()
        store.set(f"attnlab/arrived/{name}/{rank}", "")
        return PrefixStore(f"attnlab/{name}", store)
    deadline, missing = time.monotonic() + timeout.total_seconds(), set(range(1, size))
    while missing:
        for other in sorted(missing):
            if store.check([f"attnlab/arrived/{name}/{other}"]):
                missing.remove(other)
            elif store.check([f"attnlab/request/{other}"]):
                request = store.get(f"attnlab/request/{other}").decode()
                store.set(f"attnlab/answer/{request}", name)
        if time.monotonic() > deadline:
            raise RuntimeError(f"{len(missing)} of {size} have not come")
        time.sleep(_SECONDS_BETWEEN_CHECKS)
    return PrefixStore(f"attnlab/{name}", store)


@contextmanager
def _not_connected() -> Iterator[None]:
    try:
        yield
    except (RuntimeError, ValueError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise AttnlabError(
            f"{socket.gethostname()}: the processes that torchrun started do not find one another "
            f"({reason}); if the machine's name leads nowhere, name its network interface in "
            "GLOO_SOCKET_IFNAME, such as lo for a single machine"
        ) from error


@contextmanager
def _lost_processes() -> Iterator[None]:
    """Within the block, torch's error that another process has ended becomes a `LostError`."""
    try:
        yield
    except RuntimeError as error:
        if not (isinstance(error, dist.DistError) or "gloo" in str(error)):
            raise
        happened = (
            "did not answer within distributed.timeout_seconds (it hangs, or needs more of them)"
            if "imed out" in str(error)
            else "has ended, and so does this one; what ended it stands above, or below in "
            "torchrun's own words"
        )
        raise LostError(
            f"another process of this training {happened}. The last checkpoint stands"
        ) from error


def _report(message: str) -> None:
    """Write the file from which torchrun lists the processes that failed: the message alone.

    torch's own `record` would write a traceback there.
    """
    if path := os.environ.get("TORCHELASTIC_ERROR_FILE"):
        extra = {"py_callstack": message, "timestamp": str(int(time.time()))}
        with suppress(OSError):
            content = json.dumps({"message": {"message": message, "extraInfo": extra}})
            Path(path).write_text(content, encoding="utf-8")


def _is_first_to_raise(error: AttnlabError, store: Store) -> bool:
    """Whether no other process raises the same, when all have come to it or no more will.

    A process that ends takes with it what a slower one needs to reach the failure.
    """
    lost = isinstance(error, LostError)
    key = sha256(b"lost" if lost else str(error).encode()).hexdigest()
    with suppress(RuntimeError):  # the store ends with the process that is lost
        count = store.add(f"raised/{key}", 1)
        if not lost:
            with suppress(RuntimeError):
                dist.monitored_barrier(timeout=_TIME_TO_FAIL)
        return int(count) == 1
    return True


def _agents(store: Store) -> Store | None:
    """`store`, if it is that of torchrun's agent, which outlives the processes.

    Raises:
        AttnlabError: it is not, and the processes were restarted.
    """
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True":
        return store
    if int(os.environ.get("TORCHELASTIC_RESTART_COUNT", 0)):
        raise AttnlabError(
            "torchrun restarted the training with a new store, so that the run is not known; unset "
            "TORCH_DISABLE_SHARE_RDZV_TCP_STORE, and go on with: attnlab train --resume"
        )
    return None
