"""Random inputs from a fixed seed, and what may come of each: a result, or a refusal in words."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from attnlab.support.errors import AttnlabError

LENGTHS = [pytest.param(1, id="short"), pytest.param(60, id="long", marks=pytest.mark.slow)]
"""How many times as many inputs as a short run has."""

NASTY = [
    *(b"\x00", b"\t", b"\r", b"\n", b"\r\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\x1b[2J", b"\x7f"),
    *(b"nan", b"-inf", b"1e999", b"-1", b"0", b"99999999999999999999", b"Infinity", b"null"),
    *(b"[", b"{", b'"', b"'", b":", b",", b"${oc.env:HOME}", b"../../x", b"<unk> </s>", b"0-0 9-9"),
    *(text.encode() for text in ("\u2028", "\u200b", "\u00a0", "\u3000", "\ufeff", "e\u0301")),
    *(text.encode() for text in ("汉字", "ไทย", "שלום", "🏴\u200d☠️", "\U000e0001", "a" * 3000)),
    b"!!python/object/apply:os.mkdir [sprung]",
]


@st.composite
def mutated(draw: st.DrawFn, content: bytes) -> bytes:
    """`content` with one to four of its places cut, overwritten, repeated or put something into."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        stop = min(len(content), start + draw(st.integers(0, 40)))
        put = draw(st.one_of(st.binary(max_size=8), st.sampled_from(NASTY)))
        changes = {
            "cut": content[:start],
            "delete": content[:start] + content[stop:],
            "insert": content[:start] + put + content[start:],
            "overwrite": content[:start] + put + content[start + len(put) :],
            "repeat": content[:stop] + content[start:],
        }
        content = changes[draw(st.sampled_from(sorted(changes)))]
    return content


def fuzz(examples: int, **inputs: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], None]:
    """Call the decorated function at once with `examples` drawn `inputs`, each time the same."""

    def run(holds: Callable[..., None]) -> None:
        settings(
            max_examples=examples,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],  # to make a failure smaller takes minutes
            suppress_health_check=list(HealthCheck),
        )(given(**inputs)(holds))()

    return run


@contextmanager
def done_or_refused() -> Iterator[None]:
    """No exception leaves the block; the tool's own has words, the system's names its file."""
    try:
        yield
    except AttnlabError as error:
        if not str(error).strip():
            raise
    except OSError as error:
        if not error.filename:
            raise
