"""A report as blocks of text, tables, figures and commands, written as HTML or as Markdown."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from attnlab.plotting import Figure
from attnlab.studies.report.claim import Verdict
from attnlab.support.table import markdown_table


@dataclass(frozen=True)
class Text:
    """A paragraph; `quiet`: in small print."""

    text: str
    quiet: bool = False


@dataclass(frozen=True)
class Items:
    """A list."""

    items: Sequence[str]


@dataclass(frozen=True)
class Table:
    """A table, the first `left` columns of which name its rows."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: int = 1


@dataclass(frozen=True)
class Drawn:
    """A figure with the `name` of its file and a `title` that says what it shows."""

    name: str
    title: str
    figure: Figure


@dataclass(frozen=True)
class Figures:
    """Figures side by side, where there is room."""

    drawn: Sequence[Drawn]


@dataclass(frozen=True)
class Commands:
    """Lines to be typed."""

    lines: Sequence[str]


@dataclass(frozen=True)
class Judged:
    """An expectation, the verdict, and its numbers in words."""

    says: str
    verdict: Verdict
    numbers: str


Block: TypeAlias = Text | Items | Table | Figures | Commands | Judged


@dataclass(frozen=True)
class Section:
    """A part of a report with its heading."""

    title: str
    blocks: Sequence[Block]

    @property
    def anchor(self) -> str:
        """Name for links."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")


@dataclass(frozen=True)
class Document:
    """A whole report: title, lead, sections."""

    title: str
    lead: Sequence[Block]
    sections: Sequence[Section] = field(default_factory=list)

    def drawn(self) -> list[Drawn]:
        """All figures."""
        blocks = [*self.lead, *(block for each in self.sections for block in each.blocks)]
        return [each for block in blocks if isinstance(block, Figures) for each in block.drawn]


def as_markdown(document: Document, folder: str) -> str:
    """The document in Markdown; its figures are `folder`/NAME.svg."""
    parts = [f"# {_plain(document.title)}", *(_markdown(block, folder) for block in document.lead)]
    for section in document.sections:
        parts.append(f"## {section.title}")
        parts += [_markdown(block, folder) for block in section.blocks]
    text = "\n\n".join(parts) + "\n"
    return re.sub(r"(?m)^(- .*)\n\n(?=- )", r"\1\n", text)  # items of one list stand together


def _markdown(block: Block, folder: str) -> str:
    match block:
        case Text():
            return _plain(block.text)
        case Items():
            return "\n".join(f"- {_plain(item)}" for item in block.items)
        case Table():
            cells = [[_plain(cell) for cell in row] for row in (block.head, *block.rows)]
            return f"{_plain(block.caption)}:\n\n{markdown_table(cells[0], cells[1:], block.left)}"
        case Figures():
            return "\n\n".join(
                f"![{_plain(each.title)}]({folder}/{each.name}.svg)" for each in block.drawn
            )
        case Commands():
            return "\n".join(f"    {line}" for line in block.lines)
        case Judged():
            return f"- {_plain(block.says)}: **{block.verdict}** ({_plain(block.numbers)})"


def _plain(text: str) -> str:
    """`text` without line breaks, its signs of Markdown escaped."""
    return re.sub(r"([\\`*_\[\]<>])", r"\\\1", " ".join(text.split()))
