"""The commands of docs/export.md, typed from the first to the last."""

import shlex

import pytest

from tests.docs.pages import DOCS, blocks
from tests.docs.small import lay_out_run
from tests.runs import attnlab


@pytest.mark.slow
def test_every_command_of_the_page_does_what_the_page_says(tmp_path):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("ctranslate2")
    lay_out_run("transformer", tmp_path)
    (tmp_path / "my.en").write_text("The cat sees the dog.\n")
    lines = "".join(blocks(DOCS / "export.md")).splitlines()
    assert len(lines) == 5
    for line in lines:
        typed = line.partition(" < ")[0]
        given = (tmp_path / "my.en").read_bytes() if " < " in line else b""
        done = attnlab(*shlex.split(typed)[1:], folder=tmp_path, given=given, timeout=600)
        assert done.code == 0, f"{line}\n{done.errors}"
        assert done.output
        if "--check" in line:
            assert "onnx int8" in done.output
    named = {path.name for path in tmp_path.glob("runs/*/*/export/*")}
    assert named == {"onnx-float32", "onnx-float16", "onnx-int8", "onnxruntime", "ctranslate2"}
    page = (DOCS / "export.md").read_text(encoding="utf-8")
    for folder in (tmp_path / "ct2", *tmp_path.glob("runs/*/*/export/onnx-float32")):
        for path in folder.iterdir():
            assert f"`{path.name}" in page or path.name == "README.md"
