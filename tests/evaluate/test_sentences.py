"""Sentences looked into: a real run's maps, the gold cells on them, and what is refused."""

import pytest

from attnlab.commands.arguments import load
from attnlab.evaluate.sentences import inspect_sentences
from attnlab.support.errors import UsageError
from tests.runs import attnlab, tiny


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inspected")
    done = attnlab(*tiny("bahdanau", "max_updates=20"), "runs_root=runs", folder=folder)
    assert done.code == 0, done.errors
    (run,) = (path.parent for path in folder.glob("runs/**/config.yaml"))
    found, _ = load([str(run)], None)
    return found


def test_a_reference_is_read_with_its_gold_links(trained):
    (sentence,) = inspect_sentences(trained, split="test", numbers=[3], reference=True)
    (drawn,) = sentence.maps
    assert sentence.name == "test-3"
    assert sentence.gold
    for row, column in sentence.gold:
        assert 0 <= row < len(drawn.queries) - 1, "the end is linked with nothing"
        assert 0 <= column < len(drawn.keys) - 1


def test_gold_cells_by_hand(trained):
    (sentence,) = inspect_sentences(trained, split="test", numbers=[2], reference=True)
    assert sentence.source == "The market? We worked there at noon."
    (drawn,) = sentence.maps
    assert drawn.keys == ["The", "market?", "We", "worked", "there", "at", "noon.", "</s>"]
    words = "Le marché ? Nous y avons travaillé à midi. </s>"
    assert drawn.queries == words.split(" ")
    cells = {(0, 0), (1, 1), (2, 1), (3, 2), (5, 3), (6, 3), (4, 4), (7, 5), (8, 6)}
    assert sentence.gold == cells


def test_an_untrained_models_own_words_have_no_gold_links(trained):
    (sentence,) = inspect_sentences(trained, split="test", numbers=[3])
    assert sentence.gold is None
    assert sentence.maps[0].queries[-1] == "</s>"


def test_what_cannot_be_looked_into_is_refused(trained):
    with pytest.raises(UsageError, match="no reference"):
        list(inspect_sentences(trained, texts=["A cat."], reference=True))
    for blank in ("  ", "\u200b"):
        with pytest.raises(UsageError, match="empty sentence"):
            list(inspect_sentences(trained, texts=[blank]))
    with pytest.raises(UsageError, match=r"--text has 70,000 characters, .* cut it into sentences"):
        list(inspect_sentences(trained, texts=["A cat.", "x" * 70_000]))
    with pytest.raises(UsageError, match="test has sentences 1 to"):
        list(inspect_sentences(trained, split="test", numbers=[0]))
