"""The commands of docs/evaluating.md, and what the page says of signatures."""

import re
import shlex

import pytest

from tests.docs.pages import DOCS, blocks, tables
from tests.docs.small import SHORT, lay_out_run
from tests.runs import attnlab

pytest.importorskip("sacremoses", reason="pip install 'attnlab[moses]' brings Moses' rules")


@pytest.mark.slow
def test_every_command_of_the_page_prints_the_signatures_that_it_names(tmp_path):
    lay_out_run("bahdanau", tmp_path)
    page = DOCS / "evaluating.md"
    said = {}
    for line in "".join(blocks(page)).splitlines():
        done = attnlab(*shlex.split(line)[1:], *SHORT, folder=tmp_path)
        assert done.code == 0, f"{line}\n{done.errors}"
        said[line] = done.output
    rows = [row for row in tables(page) if row.kind == "option"]
    for row in rows:
        option = row.cells[0].strip("`")
        shown = [text for line, text in said.items() if option in line]
        for part in re.findall(r"`([^`]+)`", row.cells[2]) if shown else ():
            assert any(part in text for text in shown), (option, part)
    assert len(rows) == 5
    assert "beam" in said["attnlab eval --sweep-beam 1,2,4"]
