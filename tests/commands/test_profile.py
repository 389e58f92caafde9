"""attnlab train profile=true: a trace in the run's folder, and the screen says how to open it."""

import gzip
import json

from tests.runs import attnlab, tiny


def test_a_profiled_run(tmp_path):
    trained = attnlab(*tiny("bahdanau", "profile=true"), folder=tmp_path)
    assert trained.code == 0, trained.errors
    run = tmp_path / trained.output.strip()
    (path,) = (run / "profile").iterdir()
    assert path.name == "updates-5-7.pt.trace.json.gz"
    with gzip.open(path) as file:
        names = {event.get("name") for event in json.load(file)["traceEvents"]}
    assert {"encode", "decode", "loss", "backward", "optimiser", "aten::addmm"} <= names
    assert "open it at https://ui.perfetto.dev" in trained.errors
    assert "profiler_start" not in trained.errors, "the profiler's own words"
    plain = attnlab(*tiny("bahdanau", "name=plain"), folder=tmp_path)
    assert not (tmp_path / plain.output.strip() / "profile").exists()
    weights = "checkpoints/last/weights.safetensors"
    assert (run / weights).read_bytes() == (tmp_path / plain.output.strip() / weights).read_bytes()
