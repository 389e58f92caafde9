"""What every fuzzer runs under."""

import sys

import pytest


@pytest.fixture(autouse=True)
def _bounded_memory():
    """Whoever asks for 3 GB more than there is at the beginning is refused by the system."""
    if sys.platform != "linux":
        yield
        return
    import resource

    import psutil

    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(
        resource.RLIMIT_AS, (psutil.Process().memory_info().vms + 3_000_000_000, before[1])
    )
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)
