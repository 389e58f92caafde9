"""docs/tutorial.md, typed from its first block to its last, with less to train on."""

import shlex
import subprocess

from PIL import Image

from tests.docs.pages import DOCS, blocks
from tests.docs.small import SHORT
from tests.runs import attnlab

SMALLER = {
    "train": (
        "max_updates=4",
        "validate_every=4",
        "validate_sentences=4",
        "search.max_length_factor=0.5",
        "data.held_out_fraction=0.05",
        "model.embedding_size=32",
        "model.hidden_size=32",
    ),
    "data generate": ("--pairs", "300", "--held-out", "20", "--workers", "1"),
    "eval": SHORT,
    "translate": SHORT,
    "plot-attention": SHORT,
    "heads": ("--count", "4"),
}


def _type(line, folder):
    """Run a line of shell; where echo stands before attnlab, what it says is standard input."""
    given = b""
    if line.startswith("echo "):
        echo, line = line.split(" | ")
        given = f"{shlex.split(echo)[1]}\n".encode()
    if not line.startswith("attnlab "):
        subprocess.run(["bash", "-c", line], cwd=folder, check=True)
        return ""
    arguments = shlex.split(line)[1:]
    for command, more in SMALLER.items():
        if line.startswith(f"attnlab {command}"):
            arguments += more
    done = attnlab(*arguments, folder=folder, given=given)
    assert done.code == 0, f"{line}\n{done.errors}"
    return done.output


def test_every_command_of_the_tutorial_does_what_the_page_says(tmp_path):
    lines = "".join(blocks(DOCS / "tutorial.md")).splitlines()
    said = {line: _type(line, tmp_path) for line in lines}
    assert len((tmp_path / "my.tsv").read_text().splitlines()) == 300
    assert "words" in next(text for line, text in said.items() if "describe" in line)
    assert "BLEU" in next(text for line, text in said.items() if "--bleu" in line)
    assert any((tmp_path / "runs" / "mine").glob("*/translations/test.hypothesis"))
    assert next(text for line, text in said.items() if line.startswith("echo")).count("\n") == 1
    for name in ("mine.png", "heads.png"):
        with Image.open(tmp_path / name) as picture:
            assert min(picture.size) > 100
    assert "<html" in (tmp_path / "mine.html").read_text()
