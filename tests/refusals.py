"""Checks of refusals: the tool's own message and exit code, and no failure that nobody foresaw."""

import re
import subprocess
from typing import Protocol

RAW_FAILURES = (
    "fault of attnlab",  # what the tool says of an exception that is not its own
    "Traceback (most recent call last)",
    "Error executing job",  # Hydra's own words
    "HYDRA_FULL_ERROR",
)


class Ended(Protocol):
    """A process that has ended, with all that it printed."""

    @property
    def code(self) -> int: ...

    @property
    def printed(self) -> str: ...


def squeezed(text: str) -> str:
    """`text` without white space and borders, since lines are wrapped anywhere, paths too."""
    return re.sub(r"[\s│]", "", text)


def assert_no_raw_failure(printed: str) -> None:
    """No exception reached the user, whatever the exit code is."""
    found = [words for words in RAW_FAILURES if squeezed(words) in squeezed(printed)]
    assert not found, printed


def assert_refused(
    refusal: Ended | tuple[int, str, str] | subprocess.CompletedProcess[str],
    code: int,
    *messages: str | re.Pattern[str],
) -> None:
    """It ended with `code`, said each of `messages`, and failed in no other way.

    A pattern is searched in what was printed, with single spaces between the words.
    """
    if isinstance(refusal, tuple):
        ended, printed = refusal[0], "\n".join(refusal[1:])
    elif isinstance(refusal, subprocess.CompletedProcess):
        ended, printed = refusal.returncode, f"{refusal.stdout}\n{refusal.stderr}"
    else:
        ended, printed = refusal.code, refusal.printed
    assert messages, "a refusal has a message"
    assert all(messages), "an empty message is found in anything"
    assert_no_raw_failure(printed)
    assert ended == code, printed
    for message in messages:
        if isinstance(message, str):
            assert squeezed(message) in squeezed(printed), f"{message!r} is not in:\n{printed}"
        else:
            words = " ".join(printed.replace("│", " ").split())
            assert message.search(words), f"{message.pattern!r} is not in:\n{printed}"
