"""The Markdown pages as people write them: their tables, their commands, their blocks."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from tests.runs import REPOSITORY

DOCS = REPOSITORY / "docs"
_KINDS = {"命令": "command", "练习": "exercise"}
"""What a Chinese page calls a first column, in English."""


@dataclass(frozen=True)
class Row:
    """A row of a table, and the heading that it stands under."""

    section: str
    kind: str
    cells: tuple[str, ...]

    @property
    def commands(self) -> list[list[str]]:
        """The arguments of each `attnlab …` in the row, in the order in which they are typed."""
        typed = re.findall(r"`attnlab ([^`]+)`", self.command_cell)
        return [shlex.split(command) for command in typed]

    @property
    def command_cell(self) -> str:
        """The cell under the header "command"."""
        return self.cells[1 if self.kind == "exercise" else 0]


def tables(page: Path) -> list[Row]:
    """All rows of all tables; their `kind` is what the first column is called, in English."""
    rows = []
    section = kind = ""
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            section = line.lstrip("# ")
        if not line.startswith("|"):
            kind = ""
            continue
        cells = tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1])
        if not kind:
            kind = _KINDS.get(cells[0], cells[0])
        elif not set("".join(cells)) <= set("-: "):
            rows.append(Row(section, kind, cells))
    return rows


def blocks(page: Path, language: str = "bash") -> list[str]:
    """The blocks of a language, as they are."""
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
