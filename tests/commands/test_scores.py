"""attnlab scores, as it is typed."""

import json

from tests.runs import attnlab

SMALL = ("--batch", "2", "--heads", "2", "--length", "7", "--size", "5", "--rounds", "1")


def test_figure_table_and_json(tmp_path):
    shown = attnlab("scores", *SMALL, folder=tmp_path)
    assert shown.code == 0, shown.errors
    lines = shown.output.splitlines()
    assert lines[-1] == "scores.png"
    assert (tmp_path / "scores.png").read_bytes().startswith(b"\x89PNG")
    for name in ("scaled_dot", "location", "sparsemax"):
        assert any(line.startswith(f"{name} ") for line in lines)
    assert "USDT" not in shown.errors
    told = attnlab("scores", *SMALL, "-o", "toy.svg", "--json", folder=tmp_path)
    assert told.code == 0, told.errors
    values = json.loads(told.output)
    assert values["file"] == "toy.svg"
    assert "general · entmax15" in (tmp_path / "toy.svg").read_text(encoding="utf-8")
    assert len(values["toy"]["weights"]) == 28
    assert [each["normaliser"] for each in values["normalisers"]][1] == "temperature"


def test_the_figure_alone(tmp_path):
    shown = attnlab("scores", "--rounds", "0", "-o", "figures", "-f", "pdf", folder=tmp_path)
    assert (shown.code, shown.output) == (0, "figures/scores.pdf\n"), shown.errors
    assert (tmp_path / "figures" / "scores.pdf").read_bytes().startswith(b"%PDF")
    refused = attnlab("scores", "-o", "toy.txt", folder=tmp_path)
    assert refused.code == 1
    assert "end the name with one of: .png" in refused.errors
