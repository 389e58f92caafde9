"""Worked examples of windows and coverage, read back from the printed text."""

import numpy as np
import pytest

from attnlab.studies.explain.job import explain_step
from attnlab.studies.explain.worked_example import worked_example
from tests.evaluate.test_align import a_run
from tests.studies.explain.test_worked_example import (
    ANYTHING,
    section,
    the_context_follows,
    visible_rows,
)


@pytest.mark.parametrize("feeding", [True, False])
@pytest.mark.parametrize("window", ["local_m", "local_p"])
def test_the_window_multiplies_the_weights(window, feeding, tmp_path):
    chosen = [f"model.window={window}", f"model.input_feeding={feeding}", "model.window_radius=2"]
    found = explain_step(a_run(tmp_path, "bahdanau", *chosen), **ANYTHING)
    text = worked_example(found)
    assert max(map(len, text.splitlines())) <= 80
    assert "they stand outside of the window" in text
    rows, _ = section(text, 4)
    assert len(rows) == len(found.keys) > 5
    seen = [row for row in rows if "visible" in row]
    assert len(seen) == (5 if window == "local_m" else pytest.approx(4, abs=1))
    if window == "local_m":  # the third step looks at the first five words
        assert [row[0] for row in seen] == ["1", "2", "3", "4", "5"]
    before, factors, weights = np.array([row[-3:] for row in seen], dtype=float).T
    np.testing.assert_array_equal((before * factors).round(4), weights)
    assert all(float(row[-1]) == 0 for row in rows if "hidden" in row)
    the_context_follows(text)


@pytest.mark.parametrize("score", ["additive", "dot", "gaussian", "location"])
def test_coverage_is_told_and_the_sums_still_come_out(score, tmp_path):
    trained = a_run(tmp_path, "bahdanau", f"score={score}", "model.coverage=true")
    trained.model.decoder.cross_attention.coverage.weight.data.fill_(0.3)
    found = explain_step(trained, **ANYTHING)
    text = worked_example(found)
    assert max(map(len, text.splitlines())) <= 80
    moved = "wⱼ, below," if score == "location" else "k′"
    assert f"Coverage has moved {moved} by what" in " ".join(text.split())
    worked = found.worked
    np.testing.assert_allclose(
        found.score.factor * worked.terms.sum(axis=1), worked.scores, atol=1e-5
    )
    if score == "dot":
        by = worked.projected_keys - worked.keys
        assert by.min() >= 0
        assert by[:, 0].sum() == pytest.approx(0.3 * 2, abs=1e-5)  # two steps came before
    visible_rows(section(text, 4)[0], found, "cross")
    the_context_follows(text)
    assert found.as_json()["coverage"] is True
