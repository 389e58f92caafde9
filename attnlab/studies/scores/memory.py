"""How much memory a piece of work asks for at its highest, by what torch's allocator tells."""

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path

from torch.autograd.profiler import profile  # torch.profiler's loads a compiler, for seconds


def peak_bytes(work: Callable[[], object]) -> int:
    """The most that `work` had allocated at once on the CPU, beside what was there before it."""
    with tempfile.TemporaryDirectory() as folder, _without_remarks():
        with profile(profile_memory=True) as recorded:
            work()
        trace = Path(folder) / "trace.json"
        recorded.export_chrome_trace(str(trace))
        events = json.loads(trace.read_text(encoding="utf-8"))["traceEvents"]
    changes = sorted(
        (event["args"]["Ev Idx"], event["args"]["Bytes"])
        for event in events
        if event["name"] == "[memory]"
    )
    return max(accumulate(size for _, size in changes), default=0)


@contextmanager
def _without_remarks() -> Iterator[None]:
    """The profiler's library writes to standard error that it starts and stops."""
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
