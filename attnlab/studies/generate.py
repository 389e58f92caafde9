"""Generation of a corpus of any size by the built-in grammar: train, valid and test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from attnlab.grammar import SHORTEST_AND_LONGEST, Pair, distinct, pairs
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.support.files import atomic_file

_FLUSH_EVERY = 500


@dataclass(frozen=True, kw_only=True)
class Request:
    """Corpus sizes: `pairs` of train, `held_out` of valid and of test, `max_words` per side."""

    pairs: int
    held_out: int
    max_words: int
    seed: int

    def __post_init__(self) -> None:
        least, most = SHORTEST_AND_LONGEST
        if not least <= self.max_words <= most:
            raise UsageError(f"--max-words {self.max_words} must be from {least} to {most}")

    @property
    def total(self) -> int:
        """The pairs of all splits together."""
        return self.pairs + 2 * self.held_out


def generate_corpus(
    folder: Path,
    request: Request,
    *,
    workers: int,
    replace: bool = False,
    advance: Callable[[int], None] = lambda _: None,
) -> list[Path]:
    """Write the splits to `folder` in the built-in corpus's layout; returns their files.

    No sentence occurs twice in either language. Writes are atomic. `advance` is called with the
    number of pairs written since its last call.

    Raises:
        UsageError: there are such files already and `replace` is not set.
        AttnlabError: the folder cannot be written to, or is full.
    """
    sizes = {"test": request.held_out, "valid": request.held_out, "train": request.pairs}
    paths = {name: folder / f"{name}.tsv" for name, size in sizes.items() if size}
    there = [path for path in paths.values() if path.exists()]
    if there and not replace:
        raise UsageError(f"{there[0]} is there already; name another folder, or say --replace")
    made = pairs(request.seed, request.max_words, workers)
    source = distinct(made, request.total)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            files = {name: stack.enter_context(atomic_file(path)) for name, path in paths.items()}
            for name, file in files.items():
                _write(file, islice(source, sizes[name]), advance)
    except OSError as error:
        raise AttnlabError(
            f"{folder}: cannot be written to ({error.strerror}); make room, or name another folder"
        ) from error
    finally:
        made.close()
    return list(paths.values())


def _write(file: BinaryIO, members: Iterator[Pair], advance: Callable[[int], None]) -> None:
    while lines := [f"{pair.line()}\n".encode() for pair in islice(members, _FLUSH_EVERY)]:
        file.writelines(lines)
        advance(len(lines))
