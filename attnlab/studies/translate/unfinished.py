"""A translation's output file, and the note beside it by which an interrupted one is continued.

The note, OUTPUT.unfinished, says what the output was made from and how many lines of the input and
bytes of the output are done. It is replaced once these are on disk, as often as a twentieth of the
time allows, since a busy disk takes seconds; and removed at the end. What an interruption left
behind the noted bytes is cut off. In a .gz file each group of lines is a member of its own; gzip
files may be joined (RFC 1952, section 2.2).
"""

import gzip
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from attnlab.data.reading.lines import is_named_gzip
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.support.files import naming, write_file

SHARE_OF_NOTES = 0.05
"""Of the time, at most."""

_LEVEL = 6  # gzip's own default; Python's, 9, takes twice as long for a hundredth less
_SAME = {
    "input": "the input has changed",
    "checkpoint": "the run's weights are others",
    "search": "the search is another",
    "columns": "other columns were written",
}


@dataclass
class Output:
    """A file that groups of lines are appended to.

    `done`: lines of the input that are in it, of which `begun` were there at the beginning.
    """

    file: BinaryIO
    path: Path
    note: Path | None
    origin: Mapping[str, Any]
    begun: int = 0

    def __post_init__(self) -> None:
        self.done, self._size, self._next_note = self.begun, self.file.tell(), 0.0

    def write(self, text: str, lines: int) -> None:
        """Append what `lines` more lines of the input have become."""
        content = text.encode()
        if is_named_gzip(self.path):
            content = gzip.compress(content, _LEVEL, mtime=0)
        with naming(self.path):
            self.file.write(content)
            self.file.flush()
        self.done, self._size = self.done + lines, self.file.tell()
        if time.monotonic() >= self._next_note:
            self.take_note()

    def take_note(self) -> None:
        """Put on disk what is written so far, and a note of it."""
        if self.note is None:
            return
        started = time.monotonic()
        with naming(self.path):
            os.fsync(self.file.fileno())
        found = {"lines": self.done, "bytes": self._size}
        write_file(self.note, json.dumps(found | {"of": self.origin}) + "\n", durable=True)
        ended = time.monotonic()
        self._next_note = ended + (ended - started) / SHARE_OF_NOTES


@contextmanager
def output_file(
    path: Path, origin: Mapping[str, Any] | None, *, resume: bool = False
) -> Iterator[Output]:
    """The output `path`, which has everything at the end of the block.

    `origin`: all that its content follows from, as JSON values by the names in `_SAME`; None if it
    cannot be continued. `resume`: go on with the one that is there, or begin if none is.

    Raises:
        UsageError: there is an unfinished output and `resume` is not chosen, or it is chosen and
            what is there is no unfinished output or was made from something else.
        AttnlabError: it cannot be written.
    """
    note = _note_of(path)
    done, size = _resumed(path, note, origin or {}) if resume else (0, 0)
    if not resume and note.exists():
        raise UsageError(
            f"{path} is unfinished: go on with --continue, or delete {note.name} to begin anew"
        )
    regular = path.is_file() or not path.exists()
    try:
        with path.open("r+b" if done else "wb") as file:
            if done:
                file.truncate(size)
                file.seek(size)
            output = Output(file, path, note if regular and origin else None, origin or {}, done)
            output.take_note()
            try:
                yield output
            except BaseException:
                with suppress(OSError):  # what is noted already is on disk
                    output.take_note()
                raise
        note.unlink(missing_ok=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.filename not in (str(path), str(note)):
            raise
        go_on = "; then go on with --continue" if note.exists() else ""
        raise AttnlabError(
            f"cannot write {error.filename}: {error.strerror or error}; make room or permit "
            f"writing there, or choose another --output{go_on}"
        ) from error


def lacks_note(path: Path) -> bool:
    """Whether there is a file without a note: a finished output, or something else."""
    return path.is_file() and path.stat().st_size > 0 and not _note_of(path).exists()


def _note_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.unfinished")


def _resumed(path: Path, note: Path, origin: Mapping[str, Any]) -> tuple[int, int]:
    """The lines of the input that are done, and the bytes of the output that hold them."""
    if not note.exists():
        if lacks_note(path):
            raise UsageError(
                f"{path} is no unfinished output: there is no {note.name} beside it, and it has "
                "not a translation for each line of the input; delete it to translate anew"
            )
        return 0, 0
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
        before, lines, size = dict(found["of"]), int(found["lines"]), int(found["bytes"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise AttnlabError(f"{note}: cannot be read; delete it to begin anew") from error
    for name, remark in _SAME.items():
        if before.get(name) != json.loads(json.dumps(origin.get(name))):
            raise UsageError(
                f"{path} cannot be continued: {remark} since; use the same again, or delete "
                f"{note.name} to begin anew"
            )
    if lines and (not path.is_file() or path.stat().st_size < size):
        raise UsageError(
            f"{path} is shorter than when its translation was interrupted; delete {note.name} to "
            "begin anew"
        )
    return lines, size
