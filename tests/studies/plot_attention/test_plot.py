"""Figures of real runs: which files there are, what is on them, and what is refused."""

import logging
import re

import numpy as np
import pytest
from PIL import Image

from attnlab.commands.arguments import load
from attnlab.evaluate.sentences import first_numbers, inspect_sentences
from attnlab.inspection.drawing import draw_translation
from attnlab.plotting.heatmap import draw_heatmaps
from attnlab.studies.faithfulness.caption import FaithfulnessCaption, sentence_faithfulness
from attnlab.studies.faithfulness.removal import Head
from attnlab.studies.plot_attention import plot, through_training
from attnlab.studies.plot_attention.plot import PlotOptions, plot_translations
from attnlab.studies.plot_attention.through_training import (
    evenly,
    first_watched,
    plot_through_training,
)
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.trainer.attention_history import read_snapshot, recorded_updates
from tests.inspection.test_drawing import outlined, texts_of
from tests.runs import attnlab, tiny


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("plots")


def train(folder, model, *more):
    settings = ("max_updates=10", "validate_every=2", "watch_sentences=2", "validate_sentences=2")
    named = (f"name={model}", "runs_root=runs")
    done = attnlab(*tiny(model, *settings, *more), *named, folder=folder)
    assert done.code == 0, done.errors
    return next((folder / "runs" / model).iterdir())


@pytest.fixture(scope="module")
def transformer(folder):
    return load([str(train(folder, "transformer"))], None)[0]


@pytest.fixture(scope="module")
def bahdanau(folder):
    return load([str(train(folder, "bahdanau"))], None)[0]


def options(**changed):
    fields = {"kinds": ["cross"], "layers": (), "heads": (), "average": (), "best": False}
    fields |= {"gold": True, "pieces": False, "print_weights": False}
    return PlotOptions(**(fields | changed))


def plotted(trained, output=None, suffix=".png", **changed):
    fields = {"texts": (), "split": "test", "numbers": [1, 2], "reference": False}
    fields = {name: changed.pop(name, value) for name, value in fields.items()}
    chosen = options(**changed)
    return list(plot_translations(trained, **fields, options=chosen, output=output, suffix=suffix))


def plot_training(trained, output=None, suffix=".png", numbers=(1,), most_frames=None, **changed):
    return list(
        plot_through_training(
            trained,
            numbers=numbers,
            most_frames=most_frames,
            options=options(**changed),
            output=output,
            suffix=suffix,
        )
    )


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are drawn, as they are made."""
    figures = []

    def recording(function):
        def draw(*arguments, **options):
            figures.append(function(*arguments, **options))
            return figures[-1]

        return draw

    monkeypatch.setattr(plot, "draw_translation", recording(draw_translation))
    monkeypatch.setattr(through_training, "draw_translation", recording(draw_translation))
    monkeypatch.setattr(through_training, "draw_heatmaps", recording(draw_heatmaps))
    return figures


def test_a_file_a_sentence_or_pages_of_one(transformer, tmp_path):
    paths = plotted(transformer, tmp_path, layers=[1], heads=[2])
    names = ["test-1-cross-layer1-head2.png", "test-2-cross-layer1-head2.png"]
    assert [path.name for path in paths] == names
    in_run = plotted(transformer, numbers=[2], average=["layers", "heads"], kinds=["all"])
    assert in_run == [
        transformer.run.plots / "test-2-encoder-decoder-cross-mean-of-heads-mean-of-layers.png"
    ]
    (pages,) = plotted(transformer, tmp_path / "pages.pdf", numbers=[1, 2, 5], heads=[1])
    assert len(re.findall(rb"/Type /Page\b", pages.read_bytes())) == 3
    for suffix in (".svg", ".pdf"):
        assert len(plotted(transformer, tmp_path, suffix, average=["heads"])) == 2


def test_several_figures_are_no_single_picture(transformer, tmp_path):
    for run in (plotted, plot_training):
        with pytest.raises(UsageError, match=r"one\.png is one file for 2 figures; name a folder"):
            run(transformer, tmp_path / "one.png", numbers=[1, 2])
    with pytest.raises(UsageError, match=r"learning\.gif is one file for 2 figures"):
        plot_training(transformer, tmp_path / "learning.gif", numbers=[1, 2])
    with pytest.raises(AttnlabError, match=r"cannot write a figure as '\.bmp'"):
        plotted(transformer, tmp_path / "one.bmp", numbers=[1])
    assert list(tmp_path.iterdir()) == []


def test_gold_on_a_reference_and_why_there_is_none_on_a_translation(bahdanau, tmp_path, drawn):
    gold = {(0, 0), (1, 1), (2, 1), (3, 2), (5, 3), (6, 3), (4, 4), (7, 5), (8, 6)}
    plotted(bahdanau, tmp_path, numbers=[2], reference=True)  # the market? We worked there at noon.
    assert outlined(drawn[0].axes[0]) == gold
    assert any("outlined" in text for text in texts_of(drawn[0]))
    plotted(bahdanau, tmp_path, numbers=[2])
    assert outlined(drawn[1].axes[0]) == set()
    written = " ".join(texts_of(drawn[1]))
    assert "this translation is another" in written
    assert "--reference" not in written  # a reader of the figure cannot type it
    plotted(bahdanau, tmp_path, numbers=[2], reference=True, gold=False)
    plotted(bahdanau, tmp_path, numbers=[2], gold=False)
    plotted(bahdanau, tmp_path, texts=["The cat sleeps."])
    for figure in drawn[2:]:
        assert outlined(figure.axes[0]) == set()
        assert not {"gold", "--reference"} & set(" ".join(texts_of(figure)).split())


def test_the_best_head_and_why(transformer, tmp_path, drawn):
    (path,) = plotted(transformer, tmp_path, numbers=[1], best=True, kinds=["all"])
    assert path.name == "test-1-encoder-decoder-cross-best.png"
    assert len(drawn[0].axes) == 4
    written = " ".join(texts_of(drawn[0]))
    assert "cross: best of " in written
    assert "an alignment error rate of" in written
    assert "encoder: best of" in written
    assert "on the first 50 sentences of test" in written


@pytest.mark.parametrize("option", ["layers", "heads", "average"])
def test_the_best_head_is_no_other(option):
    name = f"--{option.removesuffix('s')}"
    with pytest.raises(UsageError, match=f"--best chooses one head by itself; leave out {name}"):
        options(best=True, **{option: [1]})


def test_a_figure_says_how_well_its_weights_explain(transformer, tmp_path):
    (path,) = plotted(
        transformer,
        tmp_path,
        ".svg",
        numbers=[3],
        layers=[1],
        heads=[2],
        remarks=FaithfulnessCaption,
    )
    (sentence,) = inspect_sentences(transformer, split="test", numbers=[3])
    tau = sentence_faithfulness(transformer, sentence, 2048)[Head(1, 2)]
    written = " ".join(re.findall(">([^<>]+)</text>", path.read_text()))
    assert "do these weights explain?" in written
    assert f"out: {tau:.2f} (this sentence)" in written
    assert "(50 test sentences)" in written


@pytest.mark.parametrize(
    ("changed", "remedy"),
    [
        ({"kinds": ["encoder"]}, "choose --kind cross"),
        ({"average": ["layers"]}, "leave out --average layers"),
        ({"average": ["heads"], "heads": [1]}, "leave out --head or --average heads"),
    ],
)
def test_what_no_faithfulness_was_measured_of(transformer, tmp_path, changed, remedy):
    with pytest.raises(UsageError, match=f"--faithfulness is of .*{remedy}"):
        plotted(transformer, tmp_path, numbers=[3], remarks=FaithfulnessCaption, **changed)


def test_kinds_and_numbers_that_are_not_there(bahdanau, transformer, tmp_path):
    with pytest.raises(UsageError, match="--kind encoder: this model has only: cross"):
        plotted(bahdanau, tmp_path, kinds=["encoder"])
    with pytest.raises(UsageError, match="--head 9: cross attention has heads 1 to"):
        plotted(transformer, tmp_path, heads=[9])


def test_unknown_characters_show_as_they_are(transformer, tmp_path, drawn):
    plotted(transformer, tmp_path, texts=["The 猫 sleeps."], kinds=["encoder"], heads=[1])
    labels = [text.get_text() for text in drawn[0].axes[0].texts]
    words = ["The", "猫", "sleeps.", "</s>"]
    assert labels == [*words, *words, "source ↓", "source →"]


def test_a_filmstrip_of_one_map(transformer, tmp_path, drawn):
    (path,) = plot_training(transformer, tmp_path, layers=[1], heads=[2])
    assert path.name == "valid-1-through-training-cross-layer1-head2.png"
    files = recorded_updates(transformer.run.attention)
    assert list(files) == [2, 4, 6, 8, 10]
    titles = [text for text in texts_of(drawn[0]) if text.startswith("update ")]
    frames = [read_snapshot(path) for path in files.values()]
    assert titles == [
        f"update {frame.update} · epoch {frame.epoch:.1f} · BLEU {frame.scores['bleu']:.1f}"
        for frame in frames
    ]
    assert any("layer 1 · head 2" in text for text in texts_of(drawn[0]))
    for axes in drawn[0].axes[:-1]:
        words = np.reshape(axes.collections[0].get_array(), (-1,))
        assert words.sum() == pytest.approx(axes.get_ylim()[0], rel=1e-2)  # rows sum to 1
    assert outlined(drawn[0].axes[0]) == outlined(drawn[0].axes[4]) != set()


def test_a_filmstrips_pieces_are_what_was_recorded(transformer, tmp_path, drawn):
    plot_training(transformer, tmp_path, layers=[1], heads=[2], pieces=True, kinds=["encoder"])
    for axes, path in zip(
        drawn[0].axes, recorded_updates(transformer.run.attention).values(), strict=False
    ):
        recorded = read_snapshot(path).sentences[0].weights["encoder", 1][1]
        assert np.array_equal(np.reshape(axes.collections[0].get_array(), recorded.shape), recorded)


def test_a_filmstrip_of_several_maps_and_some_frames(transformer, tmp_path, drawn):
    plot_training(
        transformer, tmp_path, average=["heads"], kinds=["cross", "encoder"], most_frames=3
    )
    tops = [round(axes.get_position().y1, 6) for axes in drawn[0].axes[:-1]]
    counts = [tops.count(top) for top in sorted(set(tops), reverse=True)]
    assert set(counts) == {3}
    written = texts_of(drawn[0])
    assert [text.split(" · ")[0] for text in written if text.startswith("update")][:3] == [
        "update 2",
        "update 6",
        "update 10",
    ]
    assert "3 of 5 validations" in written


def test_a_gif_has_a_frame_a_validation(transformer, tmp_path, drawn):
    (path,) = plot_training(transformer, tmp_path / "learning.gif", best=True, numbers=[2])
    with Image.open(path) as image:
        assert image.n_frames == 5
        assert image.info["loop"] == 0
    assert len({tuple(figure.axes[0].get_position().bounds) for figure in drawn}) == 1
    (by_suffix,) = plot_training(transformer, tmp_path, ".gif", most_frames=2, average=["heads"])
    assert by_suffix.name == "valid-1-through-training-cross-mean-of-heads.gif"
    with Image.open(by_suffix) as image:
        assert image.n_frames == 2


def test_pages_of_filmstrips(transformer, tmp_path):
    (path,) = plot_training(transformer, tmp_path / "strips.pdf", numbers=[1, 2], average=["heads"])
    assert len(re.findall(rb"/Type /Page\b", path.read_bytes())) == 2


def test_what_was_not_watched_is_not_there(transformer, tmp_path):
    with pytest.raises(UsageError, match="--sentence 3: training watched the sentences 1 to 2"):
        plot_training(transformer, tmp_path, numbers=[3])
    blind, _ = load([str(train(tmp_path, "bahdanau", "watch_sentences=0", "max_updates=2"))], None)
    assert not blind.run.attention.exists()
    with pytest.raises(AttnlabError, match=r"no attention was recorded .* watch_sentences=3"):
        plot_training(blind, tmp_path)


def test_a_model_without_attention_records_and_shows_nothing(folder, tmp_path):
    trained, _ = load([str(train(folder, "rnn", "max_updates=2"))], None)
    assert not trained.run.attention.exists()
    for run in (plotted, plot_training):
        with pytest.raises(AttnlabError, match="model=rnn has no attention to plot"):
            run(trained, tmp_path)


def test_frames_are_spread_evenly_with_both_ends():
    assert evenly(3, 12) == [0, 1, 2]
    assert evenly(9, 1) == [8]
    assert evenly(9, 2) == [0, 8]
    assert evenly(9, 3) == [0, 4, 8]
    assert evenly(101, 11) == list(range(0, 101, 10))
    for there_are in range(1, 40):
        for most in range(1, 40):
            places = evenly(there_are, most)
            assert len(set(places)) == len(places) == min(there_are, most)
            assert places == sorted(places)
            assert places[-1] == there_are - 1


def test_the_run_and_its_checkpoint_are_named_unless_no_caption_is_wanted(
    bahdanau, tmp_path, drawn
):
    plotted(bahdanau, tmp_path, numbers=[2])
    name = f"bahdanau/{bahdanau.run.folder.name}"
    assert any(text.startswith(f"run {name}, checkpoint best") for text in texts_of(drawn[0]))
    shown = " ".join(texts_of(drawn[0]))
    assert "--" not in shown
    plotted(bahdanau, tmp_path, numbers=[2], captions=False, title="Figure 3")
    bare = texts_of(drawn[1])
    assert "Figure 3" in bare
    assert not any(name in text or "gold" in text or "→ " in text for text in bare[:-3])
    plot_training(bahdanau, tmp_path)
    assert any(name in text for text in texts_of(drawn[2]))


def test_fewer_sentences_than_are_asked_for_are_all_of_them(bahdanau, caplog):
    with caplog.at_level(logging.INFO, "attnlab"):
        assert first_numbers(bahdanau, "test", 7) == range(1, 8)
        assert not caplog.records
        assert first_numbers(bahdanau, "test", 5000) == range(1, 51)
        assert first_watched(bahdanau, 4) == range(1, 3)
    messages = [record.getMessage() for record in caplog.records]
    assert messages == [
        "test has 50 sentences, and 5000 were asked for",
        "what training watched of valid has 2 sentences, and 4 were asked for",
    ]
