"""How the processes of one start find one another in a store that may be older than they are.

torchrun's store outlives the processes that it restarts, and where those which are gone could be
reached is written there still; torch itself (2.13) takes that for the truth. Knows only the store.
"""

import time
from datetime import timedelta
from uuid import uuid4

from torch.distributed.distributed_c10d import PrefixStore, Store

_SECONDS_BETWEEN_LOOKS = 0.02


def rendezvous(store: Store, rank: int, size: int, timeout: timedelta) -> Store:
    """A part of `store` that only the `size` processes have which now call this, one a rank.

    The others each leave a word that was never used before, and the first answers it with the
    part's name. Whoever is gone left a word too; it is answered in vain, and the one after it too.

    Raises:
        RuntimeError: not all have come in time.
    """
    store.set_timeout(timeout)
    if rank == 0:
        name = uuid4().hex
        _wait_for_others(store, name, size, timeout)
    else:
        word = uuid4().hex
        store.set(_word_of(rank), word)
        name = store.get(f"attnlab/answer/{word}").decode()
        store.set(_arrival(name, rank), "")
    return PrefixStore(f"attnlab/{name}", store)


def _wait_for_others(store: Store, name: str, size: int, timeout: timedelta) -> None:
    deadline = time.monotonic() + timeout.total_seconds()
    awaited, answered = set(range(1, size)), set()
    while awaited:
        for rank in sorted(awaited):
            if store.check([_arrival(name, rank)]):
                awaited.remove(rank)
            elif store.check([_word_of(rank)]):
                word = store.get(_word_of(rank)).decode()
                if word not in answered:
                    store.set(f"attnlab/answer/{word}", name)
                    answered.add(word)
        if time.monotonic() > deadline:
            raise RuntimeError(f"{len(awaited)} of {size} have not come")
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def _word_of(rank: int) -> str:
    return f"attnlab/word/{rank}"


def _arrival(name: str, rank: int) -> str:
    return f"attnlab/arrived/{name}/{rank}"
