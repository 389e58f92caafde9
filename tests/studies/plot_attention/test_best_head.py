"""The best head is the one that second routes find."""

import math

import numpy as np
import pytest

from attnlab.inspection.maps import attention_maps
from attnlab.studies.plot_attention.best_head import find_best_heads
from attnlab.support.errors import UsageError
from tests.evaluate.test_alignment import TEST, a_run, counts_by_hand

WITHOUT_LINKS = "".join(f"{line.rsplit(chr(9), 1)[0]}\t\n" for line in TEST.splitlines())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_lowest_alignment_error_of_all_heads(seed, tmp_path):
    trained = a_run(tmp_path, "transformer", f"seed={seed}")
    rates = {
        place: counts.error_rate
        for place, counts in sorted(counts_by_hand(trained, slice(None, -1), 0).items())
    }
    assert len(set(rates.values())) > 1
    (best,) = find_best_heads(trained, "test", ["cross"])
    assert (best.layer, best.head) == min(rates, key=rates.get)
    assert best.figure == pytest.approx(min(rates.values()))
    percent = f"{100 * best.figure:.1f} %"
    assert best.reason == (
        f"best of {len(rates)} heads: an alignment error rate of {percent} on the first 3 "
        "sentences of test"
    )


def entropies_by_hand(trained, kind):
    """Every head's mean share of the highest entropy, a query and a key at a time."""
    shares = {}
    for line in TEST.splitlines():
        texts = line.split("\t")[:2]
        vocabularies = (trained.vocabulary.source, trained.vocabulary.target)
        ids = [each.encode(text) for each, text in zip(vocabularies, texts, strict=True)]
        for drawn in attention_maps(trained.model, trained.vocabulary, *ids, pieces=True):
            if drawn.kind == kind:
                for number, row in enumerate(drawn.weights.tolist(), start=1):
                    keys = number if kind == "decoder" else len(row)
                    if keys > 1:
                        nats = -sum(w * math.log(w) for w in row[:keys] if w > 0)
                        place = (drawn.layer, drawn.head)
                        shares.setdefault(place, []).append(nats / math.log(keys))
    return {place: np.mean(each) for place, each in shares.items()}


@pytest.mark.parametrize("kind", ["encoder", "decoder", "cross"])
def test_without_gold_the_lowest_entropy(kind, tmp_path):
    trained = a_run(tmp_path, "transformer", test=WITHOUT_LINKS)
    shares = entropies_by_hand(trained, kind)
    (best,) = find_best_heads(trained, "test", [kind])
    assert (best.layer, best.head) == min(shares, key=shares.get)
    assert best.figure == pytest.approx(min(shares.values()), abs=1e-4)
    assert "an entropy of" in best.reason


def test_self_attention_has_no_gold_though_the_corpus_has(tmp_path):
    trained = a_run(tmp_path, "transformer")
    encoder, cross = find_best_heads(trained, "test", ["encoder", "cross"])
    assert "entropy" in encoder.reason
    assert "alignment error rate" in cross.reason
    assert encoder.choice.layers == (encoder.layer,)


def test_one_head_is_the_best_there_is(tmp_path):
    (best,) = find_best_heads(a_run(tmp_path, "bahdanau"), "test", ["cross"])
    assert (best.layer, best.head) == (1, 1)
    assert best.reason.startswith("best and only head: ")


def test_a_split_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="no split 'dev'"):
        find_best_heads(a_run(tmp_path, "bahdanau"), "dev", ["cross"])
