"""Keep the memory that a step frees, for the next step.

glibc hands large blocks back to the kernel as soon as they are freed; a training step asks for
the same blocks again, and the page faults cost up to half of its time on a virtual machine.
"""

import ctypes
import logging
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # from glibc's malloc.h
_GIBIBYTE = 1 << 30
logger = logging.getLogger(__name__)


def keep_freed_memory() -> bool:
    """Tell glibc to keep what is freed: whether it took every setting; each is tried.

    Without glibc nothing is changed, and steps are slower at most; so callers go on either way.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False  # another C library
    settings = ((_MMAP_THRESHOLD, _GIBIBYTE), (_TRIM_THRESHOLD, _GIBIBYTE), (_TOP_PAD, 64 << 20))
    taken = [mallopt(setting, value) == 1 for setting, value in settings]
    if not all(taken):
        logger.debug("glibc refused to keep freed memory (mallopt: %s)", taken)
    return all(taken)
