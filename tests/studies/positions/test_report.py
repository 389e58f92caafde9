"""Pages of positions: what they draw is what the parts of a model do."""

import numpy as np
import pytest
import torch

from attnlab.attention.positions import POSITIONS
from attnlab.plotting.panels import LinesPanel, MatrixPanel
from attnlab.studies.positions.modules import build_modules, modules_of_model
from attnlab.studies.positions.report import PAGES, show_positions
from attnlab.support.errors import UsageError
from tests.conftest import attention_config, small_model

LENGTH = 11
MADE = [name for name in POSITIONS if name != "none"]


def by_formula(name, **changes):
    config = attention_config(positions=name, **changes).positions
    return build_modules(config, heads=3, size=6, length=LENGTH)


def in_model(name, **changes):
    config = attention_config(positions=name, **changes).positions
    model = small_model("transformer", "scaled_dot", positions=name, **changes)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    return model, modules_of_model(model, config, run="a/run", length=LENGTH)


def panels(modules):
    return [panel for row in PAGES[modules.config.name](modules).rows for panel in row]


def panel(modules, title):
    (found,) = (each for each in panels(modules) if each.title == title)
    return found


@pytest.mark.parametrize("name", MADE)
def test_every_page_of_a_model_is_drawn(name, tmp_path):
    _, modules = in_model(name)
    found = show_positions(modules, tmp_path / "page.png")
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
    assert found["run"] == "a/run"
    promises = [value for promise, value in found["checks"].items() if "different" not in promise]
    # What is learnt freely promises nothing; all else does, whatever has been learnt.
    assert name == "learned" or all(value < 1e-6 for value in promises)


@pytest.mark.parametrize("name", MADE)
def test_every_panel_has_a_title_and_numbers(name):
    for each in panels(in_model(name)[1]):
        assert each.title
        values = (
            [each.values] if isinstance(each, MatrixPanel) else [y for _, y in each.lines.values()]
        )
        assert values
        assert all(np.isfinite(np.asarray(value, float)).any() for value in values)


def test_a_learnt_tables_page_shows_the_models_own_rows():
    model, modules = in_model("learned", longest=7)
    shown = panel(modules, "Decoder: matrix").values
    rows = model.decoder.positions.table.weight.detach().numpy()
    np.testing.assert_allclose(shown, rows[[0, 1, 2, 3, 4, 5, 6, 6, 6, 6, 6]], rtol=1e-6)


def test_t5s_page_shows_the_models_own_biases():
    model, modules = in_model("t5")
    table = model.decoder.layers[1].self_attention.pooling.positions.table.weight
    shown = panel(modules, "Decoder: learnt bias by offset")
    offsets, bias = shown.lines["2"]
    np.testing.assert_array_equal(offsets, np.arange(-10, 1))
    # Near distances have a bucket each, and the table's first row is of the query itself.
    np.testing.assert_allclose(bias, table.detach().numpy()[::-1][-11:, 1], rtol=1e-6)


def test_shaws_page_shows_the_models_own_keys_layer_by_layer():
    model, modules = in_model("shaw", farthest=4)
    layers = [layer.self_attention.pooling.positions for layer in model.encoder.layers]
    shown = panel(modules, "Encoder, layer 1: keys")
    np.testing.assert_allclose(shown.values, layers[0].key_table.weight.detach().numpy())
    lengths = next(each for each in panels(modules) if each.title == "Norm of the values")
    offsets, second = lengths.lines["2"]
    np.testing.assert_array_equal(offsets, np.arange(-4, 5))
    np.testing.assert_allclose(second, layers[1].value_table.weight.detach().norm(dim=1).numpy())


def test_later_keys_of_a_decoder_are_nan():
    modules = by_formula("alibi")  # whose third head of three is the steepest, with a slope of 1/4
    shown = panel(modules, "Decoder, head 1: bias").values
    np.testing.assert_array_equal(np.isnan(shown), ~np.tri(LENGTH, dtype=bool))
    assert panel(modules, "Encoder, head 3: bias").values[2, 10] == -8 / 4


def test_counting_stands_beside_the_same_positions():
    modules = by_formula("sinusoidal")
    digits = panel(modules, "Counting in binary")
    encoded = panel(modules, "The same positions encoded")
    assert digits.row_names[5] == "5 = 101"
    np.testing.assert_array_equal(digits.values[5], [1, 0, 1])
    assert encoded.values.shape == (8, 6)
    columns = panel(modules, "Columns 2 to 5")
    assert isinstance(columns, LinesPanel)
    assert list(columns.lines) == ["2 sine", "3 cosine", "4 sine", "5 cosine"]


def test_what_has_nothing_to_be_drawn_is_refused(tmp_path):
    with pytest.raises(UsageError, match="positions=none has nothing to be drawn"):
        show_positions(by_formula("none"), tmp_path / "page.png")
    with pytest.raises(UsageError, match="name a run of attnlab train model=transformer"):
        show_positions(by_formula("learned"), tmp_path / "page.png")
