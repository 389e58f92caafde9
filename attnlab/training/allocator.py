"""Keep the memory that a step frees, for the next step.

glibc hands large blocks back to the kernel as soon as they are freed; a training step asks for
the same blocks again, and the page faults cost up to half of its time on a virtual machine.
"""

import ctypes
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # from glibc's malloc.h
_GIBIBYTE = 1 << 30


def keep_freed_memory() -> bool:
    """Tell glibc to keep what is freed; False where there is no glibc, and nothing is changed."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False  # another C library
    settings = ((_MMAP_THRESHOLD, _GIBIBYTE), (_TRIM_THRESHOLD, _GIBIBYTE), (_TOP_PAD, 64 << 20))
    return all(mallopt(setting, value) == 1 for setting, value in settings)
