"""Where figures go: one file, or a folder with a file for each; and what those are called."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from attnlab.inspection.choice import Choice
from attnlab.plotting import Figure
from attnlab.plotting.saving import figure_suffix, save_figure, save_pages
from attnlab.studies.plot_attention.animation import GIF
from attnlab.support.errors import AttnlabError, UsageError


@dataclass(frozen=True)
class Destination:
    """`output`: a file, whose suffix says what is written, or a folder for files of a `suffix`."""

    output: Path
    suffix: str

    @property
    def file(self) -> Path | None:
        """The one file, where that is what `output` names."""
        return self.output if self.output.suffix and not self.output.is_dir() else None

    @property
    def written(self) -> str:
        """The suffix of what is written."""
        return self.suffix if self.file is None else self.file.suffix.lower()

    def place(self, stem: str) -> Path:
        """The one file, or that of this name in the folder, which is there from now on.

        Raises:
            AttnlabError: nothing can be written there.
        """
        if self.file is not None:
            return self.file
        try:
            self.output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise AttnlabError(
                f"{self.output}: cannot be written to ({error.strerror}); choose another --output"
            ) from error
        return self.output / f"{stem}{self.suffix}"

    def require_room_for(self, figures: int) -> None:
        """Refuse, before anything is drawn, what cannot be written.

        Raises:
            UsageError: several figures were to be one file that holds a single one.
            AttnlabError: no figure is written with such a suffix.
        """
        if self.file is None:
            return
        if self.written != GIF:
            figure_suffix(self.file)
        if figures > 1 and self.written != ".pdf":
            raise UsageError(
                f"--output {self.file} is one file for {figures} figures; name a folder, a .pdf, "
                "which has pages, or choose one --sentence"
            )


def write_figures(figures: Iterable[tuple[str, Figure]], to: Destination) -> Iterator[Path]:
    """Write named figures, a file each, or the pages of one; give a path once it is written."""
    if to.file is None or to.written != ".pdf":
        for stem, figure in figures:
            path = to.place(stem)
            save_figure(figure, path)
            yield path
    else:
        save_pages((figure for _, figure in figures), to.file)
        yield to.file


def file_stem(sentence: str, choices: Sequence[Choice], best: bool) -> str:
    """`test-7-cross-layer2-head1`: what tells a figure's file from those of others."""
    parts = [sentence, *(choice.kind for choice in choices)]
    first = choices[0]
    if best:
        parts.append("best")
    else:
        parts += [f"layer{number}" for number in first.layers]
        parts += [f"head{number}" for number in first.heads]
        parts += [f"mean-of-{what}" for what in sorted(first.average)]
    return "-".join(parts)
