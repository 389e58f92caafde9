"""The commands of docs/translate.md, typed from its first block to its last."""

import gzip
import json
import re
import shlex

from tests.docs.pages import DOCS, blocks
from tests.docs.small import SHORT, lay_out_run
from tests.runs import attnlab

SENTENCES = "The cat sees the dog.\n\nIt is late.\n"


def _type(line, folder):
    """Run a line of shell with one attnlab in it, whose streams are pipes or files."""
    given, output = b"", None
    if line.startswith("echo "):
        echo, line = line.split(" | ")
        given = f"{shlex.split(echo)[1]}\n".encode()
    if found := re.search(r" < (\S+)", line):
        given = (folder / found[1]).read_bytes()
    if found := re.search(r" > (\S+)", line):
        output = folder / found[1]
    arguments = shlex.split(re.sub(r" [<>] \S+", "", line))[1:]
    done = attnlab(*arguments, *SHORT, folder=folder, given=given)
    assert done.code == 0, f"{line}\n{done.errors}"
    if output is not None:
        output.write_text(done.output)
    return done.output


def test_every_command_of_the_page_writes_what_the_page_says(tmp_path):
    lay_out_run("bahdanau", tmp_path)
    (tmp_path / "my.en").write_text(SENTENCES)
    (tmp_path / "my.en.gz").write_bytes(gzip.compress(SENTENCES.encode()))
    lines = "".join(blocks(DOCS / "translate.md")).splitlines()
    said = {line: _type(line, tmp_path) for line in lines}
    assert len(said) > 9
    assert next(text for line, text in said.items() if line.startswith("echo")).count("\n") == 1
    plain = (tmp_path / "my.fr").read_text()
    assert plain.count("\n") == 3
    for name in ("my.fr.gz", "long.fr.gz"):
        assert gzip.decompress((tmp_path / name).read_bytes()).decode() == plain
    texts = plain.splitlines()
    assert [row.split("\t")[0] for row in (tmp_path / "my.tsv").read_text().splitlines()] == texts
    listed = [row.split("\t") for row in (tmp_path / "best.tsv").read_text().splitlines()]
    assert [row[3] for row in listed if row[1] == "1"] == texts
    scored = [row.split("\t") for row in (tmp_path / "scores.tsv").read_text().splitlines()]
    assert scored == [[row[2], row[3]] for row in listed if row[1] == "1"]
    for name in ("my.jsonl", "aligned.jsonl"):
        objects = [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]
        assert [each["hypotheses"][0]["text"] for each in objects] == texts
    page = (DOCS / "translate.md").read_text(encoding="utf-8")
    for key in (*objects[0], *objects[0]["hypotheses"][0]):
        assert f"`{key}`" in page
