"""Lines of any number translated as they come: memory flat, order kept."""

import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import Any, Literal, cast

from attnlab.data.reading.lines import count_lines, incoming_lines, lines_of_file, normalise
from attnlab.run.loaded import LoadedRun
from attnlab.search import SEARCHES
from attnlab.studies.translate.columns import Columns
from attnlab.studies.translate.unfinished import lacks_note, output_file
from attnlab.support.console import animates, console, counting
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.support.files import file_digest
from attnlab.trainer.progress import clock

logger = logging.getLogger(__name__)

Overlong = Literal["cut", "refuse"]
Write = Callable[[str, int], None]
Advance = Callable[[int], None]

_SECONDS_BETWEEN_REPORTS = 30.0


@dataclass(frozen=True)
class Stream:
    """Lines of `input`, or of standard input, to be translated by a run.

    `overlong`: what becomes of a line with more characters than the run reads
    (data.max_characters): its beginning is translated, or it is refused. `prefix`: the text that
    each translation begins with.
    """

    trained: LoadedRun
    columns: Columns
    input: Path | None
    overlong: Overlong
    prefix: str = ""

    def groups(self, done: int = 0) -> Iterator[Sequence[str]]:
        """The lines behind the first `done` ones, in groups, as they come."""
        if self.input is not None:
            return lines_of_file(self.input, done)
        if sys.stdin.isatty():
            return self._typed()
        return incoming_lines(cast(BufferedReader, sys.stdin.buffer), "standard input")

    def _typed(self) -> Iterator[Sequence[str]]:
        folder = self.trained.run.folder
        console().print(f"{folder}: type a sentence; Ctrl-D ends", style="dim", markup=False)
        cast(TextIOWrapper, sys.stdin).reconfigure(errors="replace")
        while True:
            try:
                yield [input("> ")]
            except EOFError:
                return

    def translate(
        self, write: Write, advance: Advance, done: int = 0, total: int | None = None
    ) -> int:
        """Translate all lines behind the first `done`; return how many there are with these.

        `write` takes a group's text and its number of lines, `advance` the number of sentences
        that are newly translated. `total`: lines of the input, if known.

        Raises:
            AttnlabError: the input cannot be read, or a line is too long and is refused; the lines
                before it are written.
        """
        started = reported = time.monotonic()
        number = done
        for group in self.groups(done):
            lines, refusal = self._accepted(group, number + 1)
            translations = self.trained.translator.translate(
                *(lines, advance, number + 1),
                scored=self.columns.has_scores,
                prefix=self.prefix,
            )
            text = "".join(self.columns.render(self.trained, translations, number + 1))
            if lines:
                write(text, len(lines))
            number += len(lines)
            if refusal is not None:
                raise refusal
            now = time.monotonic()
            if now - reported >= _SECONDS_BETWEEN_REPORTS and not animates():
                reported, rate = now, (number - done) / (now - started)
                of = "" if total is None else f" of {total:,}"
                left = "" if total is None else f" · {clock((total - number) / rate)} left"
                logger.info("%s%s lines · %.3g lines/s%s", f"{number:,}", of, rate, left)
        return number

    def _accepted(
        self, group: Sequence[str], first: int
    ) -> tuple[Sequence[str], AttnlabError | None]:
        """The lines before the first one that is refused, and its error."""
        most = self.trained.translator.max_characters
        for index, line in enumerate(group if self.overlong == "refuse" else ()):
            if (length := len(normalise(line))) > most:
                return group[:index], AttnlabError(
                    f"{self.input or 'standard input'}:{first + index}: {length:,} characters, "
                    f"and this run reads {most:,} at most (its data.max_characters); the lines "
                    "before it are translated. Cut it into sentences, or choose --overlong cut"
                )
        return group, None


def to_standard_output(stream: Stream) -> None:
    """Translate `stream` to standard output, each group as soon as it is translated."""

    def write(text: str, _: int) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    # A bar would redraw itself between the translations on one terminal.
    bar = nullcontext(lambda _: None) if sys.stdout.isatty() else counting("translating", None)
    with bar as advance:
        stream.translate(write, advance)


def to_file(stream: Stream, output: Path, resume: bool = False) -> None:
    """Translate `stream` to a file, or `resume` one that was interrupted.

    One that is whole by its number of lines is then left as it is.

    Raises:
        UsageError: input and output are one file, or there is nothing to continue.
        AttnlabError: those of `Stream.translate` and of `output_file`.
    """
    source, total, origin = stream.input, None, None
    if source is not None and not (source.is_fifo() or source.is_char_device()):
        total, origin = count_lines(source), _origin(stream, source)
        if output.exists() and source.samefile(output):
            raise UsageError(f"--input and --output are both {source}; name another --output")
    if resume and origin is None:
        raise UsageError(
            "--continue needs an input that can be read again, and a search without random "
            f"numbers; translate {source} anew, without --continue"
        )
    if resume and lacks_note(output) and stream.columns.count(output) == total:
        logger.info(
            "nothing is left to do: %s has the translations of %s lines, as many as %s has; "
            "delete it to translate anew",
            *(output, f"{total:,}", source),
        )
        return
    started = time.monotonic()
    with output_file(output, origin, resume=resume) as out:
        if out.done:
            logger.info("going on behind line %s", f"{out.done:,}")
        with counting("translating", total) as advance:
            advance(out.done)
            try:
                number = stream.translate(out.write, advance, out.done, total)
            except KeyboardInterrupt:
                if origin is not None:
                    logger.info("%s lines are translated; go on with --continue", f"{out.done:,}")
                raise
    taken = clock(time.monotonic() - started)
    logger.info("translated %s lines in %s: %s", f"{number - out.begun:,}", taken, output)


def _origin(stream: Stream, source: Path) -> dict[str, Any] | None:
    """All that the output follows from; None if random numbers are a part of it."""
    recipe = stream.trained.recipe.as_json()
    if getattr(SEARCHES.maker(recipe["search"]["name"]), "depends_on_batches", False):
        return None
    return {
        "input": file_digest(source),
        "checkpoint": recipe["checkpoint"],
        "search": recipe["search"],
        "columns": stream.columns.as_json(),
        "prefix": stream.prefix,
    }
