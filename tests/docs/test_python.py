"""The code of docs/python.md, from the first line to the last, beside a run of its name."""

import attnlab
from tests.docs.pages import DOCS, blocks
from tests.runs import tiny


def test_every_block_of_the_page_runs_and_figures_and_pages_appear(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    [_, *small] = tiny("transformer", "model.encoder_layers=1")
    attnlab.train([*small, "name=builtin-transformer"])
    said: dict[str, object] = {"small": small}
    for block in blocks(DOCS / "python.md", "python"):
        for asked, less in (('"max_updates=200"', "*small"), ("max_updates=300", "max_updates=9")):
            block = block.replace(asked, less)
        exec(block, said)
    assert (tmp_path / "attention.pdf").read_bytes().startswith(b"%PDF-")
    assert (tmp_path / "attention.html").stat().st_size > 10_000
    assert said["looked_at"]
    assert "there is no run 'no-such-run' under" in capsys.readouterr().out
