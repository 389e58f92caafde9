"""The engine in JavaScript, in a real browser, against the same models in torch."""

import base64
import json
import sys
from copy import deepcopy
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from attnlab.attention.intervention import intervene, silence, uniform
from attnlab.attention.normalisers import NORMALISERS
from attnlab.attention.positions import POSITIONS
from attnlab.attention.recording import record_attention
from attnlab.attention.scores import SCORES
from attnlab.commands.arguments import load as load_inference
from attnlab.data.corpus import load_splits
from attnlab.data.reading.lines import is_blank, normalise, read_raw_lines
from attnlab.data.tokens import BEGIN, END
from attnlab.data.vocabulary import Vocabulary, VocabularyPair
from attnlab.models import MODELS
from attnlab.search import SEARCHES
from attnlab.studies.web.graphs import Weights, by_name
from attnlab.studies.web.model import WebModel, web_model
from attnlab.studies.web.scripts import engine_operators, engine_script
from attnlab.studies.web.vocabularies import vocabulary_values
from attnlab.support.errors import UsageError
from tests.browser import opened
from tests.conftest import shared_data, shipped_values, vocabulary_config
from tests.runs import attnlab, tiny
from tests.studies.web.made import LENGTHS, chance_model, corpus, exported

pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")

TEXTS = ["The cat sees the dog.", "It’s  late!", "Où est le zèbre ?"]
ODD = [
    *(
        "",
        " \t ",
        "\u00a0 x",
        "a\u200bb",
        "👩‍👩‍👧 ok",
        "مرحبا",
        "日本語。",
        "ＦＵＬＬ ﬁ",
        "İ ǅ ß ẞ",
    ),
    *("e\u0301e\u0300", "\ufeffBOM \ufeff", "▁a▁b", "l’été — ‘q’", "\tT\r\n", "𝒳 𠀀", "!!! ,,, ??"),
    *("a , b . c !", "\u3000x", "\u202fa\u202f!", "<s> </s> <unk> <pad>", "\x00\x01a", "A" * 200),
]


@pytest.fixture(scope="module")
def engine(browser, tmp_path_factory):
    """An empty page with the engine."""
    path = tmp_path_factory.mktemp("engine") / "page.html"
    head = '<!doctype html><meta charset="utf-8"><title>engine</title><p>engine</p>'
    path.write_text(f"{head}<script>{engine_script()}</script>", encoding="utf-8")
    with opened(browser, path, drawn="p") as it:
        yield it.page


def load(engine: Any, web: WebModel) -> None:
    engine.evaluate("given => { globalThis.model = Attnlab.load(given); }", asdict(web))


def source_of(vocabulary: VocabularyPair, text: str) -> tuple[Tensor, Tensor]:
    ids = torch.tensor([[*vocabulary.source.encode(normalise(text)), END]])
    return ids, torch.ones_like(ids, dtype=torch.bool)


def forced(model: Any, source: tuple[Tensor, Tensor], target: list[int]) -> tuple[Tensor, Any]:
    with torch.no_grad(), record_attention(model) as record:
        given = torch.tensor([[BEGIN, *target[:-1]]])
        logits, _ = model.decode(given, model.encode(*source))
    return logits[0], record


FORCE = """([text, ids, interventions]) => {
  const found = model.force(text, ids, interventions);
  const attention = Object.entries(found.attention).map(([name, { heads, queries, keys, data }]) =>
    [name, [heads, queries, keys], Array.from(data)]);
  return { logits: found.logits.map((each) => Array.from(each)), attention };
}"""


def assert_alike(engine, model, vocabulary, text, target, interventions=None) -> None:
    found = engine.evaluate(FORCE, [text, target, interventions])
    expected, record = forced(model, source_of(vocabulary, text), target)
    torch.testing.assert_close(torch.tensor(found["logits"]), expected, atol=1e-4, rtol=1e-4)
    assert {name for name, _, _ in found["attention"]} == record.keys()
    for name, shape, numbers in found["attention"]:
        weights = torch.tensor(numbers).view(shape)
        torch.testing.assert_close(weights, record[name][0], atol=1e-5, rtol=1e-4)


def test_forced_decoding_equals_torchs(engine, vocabulary, transformer):
    model, web = transformer.model, transformer.web
    load(engine, web)
    assert_alike(engine, model, vocabulary, TEXTS[0], [9, 17, 30, 5, END])


def test_weights_in_half_precision_take_half_the_room(engine, vocabulary, transformer):
    model, web = transformer.model, transformer.web
    values, whole = json.loads(web.json), np.frombuffer(base64.b64decode(web.weights), "<f4")
    halves = Weights("float16")
    for at, (dims, start, _) in enumerate(values["weights"]):
        count = int(np.prod(dims))
        assert halves.number(whole[start // 4 :][:count].reshape(dims)) == at
    smaller = json.dumps(values | {"weights": halves.arrays})
    load(engine, WebModel(smaller, base64.b64encode(halves.content).decode()))
    large = sum(each.numel() for each in model.parameters() if each.numel() >= 256)
    assert whole.nbytes - len(halves.content) == 2 * large
    rounded = deepcopy(model)
    with torch.no_grad():
        for weight in rounded.parameters():
            if weight.numel() >= 256:
                weight.copy_(weight.half())
    target = [9, 17, 30, 5, END]
    expected, _ = forced(rounded, source_of(vocabulary, TEXTS[0]), target)
    found = engine.evaluate(FORCE, [TEXTS[0], target, None])["logits"]
    torch.testing.assert_close(torch.tensor(found), expected, atol=1e-4, rtol=1e-4)


def test_attention_is_changed_as_in_torch(engine, vocabulary, transformer):
    model, web = transformer.model, transformer.web
    load(engine, web)

    def drag(weights: Tensor, _: Tensor) -> Tensor:
        changed = weights.clone()
        row = changed[0, 2, 1]  # of the query 1 in the last head
        row *= (1 - 0.7) / (1 - row[3])
        row[3] = 0.7
        return changed

    changes = {
        "encoder.layer1.self": silence([1, 3]),
        "decoder.layer1.self": uniform([2]),
        "decoder.layer1.cross": drag,
    }
    interventions = {
        "heads": {"encoder.layer1.self": [0, 1, 0]},
        "uniform": {"decoder.layer1.self": [False, True, False]},
        "cells": [{"name": "decoder.layer1.cross", "head": 2, "query": 1, "key": 3, "value": 0.7}],
    }
    target = [9, 17, 30, 5, END]
    as_it_is = forced(model, source_of(vocabulary, TEXTS[0]), target)[0]
    with intervene(model, changes):
        changed = forced(model, source_of(vocabulary, TEXTS[0]), target)[0]
        assert_alike(engine, model, vocabulary, TEXTS[0], target, interventions)
    assert not torch.allclose(as_it_is, changed, atol=1e-2)


SEARCH = """([text, settings]) => {
  const source = model.encode(text);
  let last;
  for (last of model.search(source, settings));
  return last.nBest;
}"""


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("greedy", {}),
        ("greedy", {"min_length": 3, "no_repeat_ngram": 2}),
        ("beam", {}),
        ("beam", {"beam_size": 4, "n_best": 3, "length_penalty": -0.5}),
        ("beam", {"length_normalisation": "wu", "n_best": 2, "no_repeat_ngram": 1}),
        ("beam", {"prefix": [30, 31]}),
        ("sampling", {"top_k": 1}),
        ("sampling", {"top_p": 1e-6, "temperature": 0.5}),
    ],
    ids=str,
)
@pytest.mark.parametrize("text", TEXTS)
def test_searches_find_what_those_in_torch_find(
    engine, vocabulary, transformer, name, changes, text
):
    model, web = transformer.model, transformer.web
    load(engine, web)
    prefix = changes.get("prefix", [])
    given = LENGTHS | {key: value for key, value in changes.items() if key != "prefix"}
    config = SEARCHES.config(name)(**shipped_values("search", name) | given)
    source = source_of(vocabulary, text)
    (expected,) = SEARCHES.build(config)(model, *source, prefixes=[prefix] if prefix else None)
    settings = by_name(given) | {"search": name, "forcedPrefix": prefix}
    found = engine.evaluate(SEARCH, [text, settings])
    assert [each["tokens"] for each in found] == [each.tokens for each in expected]
    assert [each["text"] for each in found] == [
        vocabulary.target.decode(each.tokens) for each in expected
    ]
    if given.get("temperature", 1) == 1:
        scores = [each.score for each in expected]
        assert [each["score"] for each in found] == pytest.approx(scores, abs=1e-4)


def test_each_step_of_a_search_says_what_became_of_each_hypothesis(engine, transformer):
    load(engine, transformer.web)
    steps = engine.evaluate(
        "text => [...model.search(model.encode(text), { beamSize: 3 })]", TEXTS[0]
    )
    live: list[Any] = [{"tokens": [], "logProbability": 0}]
    for step in steps[:-1]:
        kept = [each["logProbability"] for each in step["hypotheses"] if not each["finished"]]
        assert len(step["hypotheses"]) + len(step["dropped"]) == 6  # two for each that is kept
        for each in step["dropped"]:
            assert each["logProbability"] <= min(kept, default=0) or each["token"] == END
        for each in step["hypotheses"] + step["dropped"]:
            before = live[each["parent"]]
            ends = each["token"] == END
            assert each["tokens"] == before["tokens"] + ([] if ends else [each["token"]])
            gained = each["logProbability"] - before["logProbability"]
            assert torch.tensor(gained).exp().item() == pytest.approx(each["probability"], rel=1e-3)
        live = [each for each in step["hypotheses"] if not each["finished"]]
    assert steps[-1]["done"]
    assert steps[-1]["nBest"][0]["tokens"] in [
        each["tokens"] for step in steps[:-1] for each in step["hypotheses"] if each["finished"]
    ]


def assert_same_pieces(engine: Any, web: WebModel, sides: VocabularyPair, texts: list[str]) -> None:
    """Pieces and texts of both sides' vocabularies, each in turn as that of the source."""
    for one in (sides.source, sides.target):
        values = json.loads(web.json) | {
            "vocabularies": vocabulary_values(VocabularyPair(one, one))
        }
        load(engine, WebModel(json.dumps(values), web.weights))
        found = engine.evaluate(
            "texts => texts.map((text) => { const { text: normal, ids, pieces } = "
            "model.pieces(text); return [normal, ids, pieces, model.text(ids)]; })",
            texts,
        )
        for text, (normal, ids, pieces, decoded) in zip(texts, found, strict=True):
            assert normal == normalise(text)
            expected = [] if is_blank(normal) else one.encode(normal)
            assert ids == expected + [END] * bool(expected), text
            assert pieces == one.pieces(ids)
            assert decoded == one.decode(ids)


def test_pieces_are_sentencepieces(engine, transformer, vocabulary):
    assert_same_pieces(engine, transformer.web, vocabulary, TEXTS + ODD + corpus(40))
    sentences = corpus(100)
    rules = {"lowercase": True, "split_punctuation": True}
    words = Vocabulary.train(sentences, vocabulary_config(model="word", size=90, **rules))
    lower = Vocabulary.train(sentences, vocabulary_config(size=130, **rules))
    both = VocabularyPair(words, lower)
    assert_same_pieces(engine, transformer.web, both, TEXTS + ODD + corpus(20))


@pytest.mark.slow
def test_pieces_of_ten_thousand_sentences_are_sentencepieces(engine, transformer):
    english, french = (
        read_raw_lines(shared_data("multi30k") / f"train.{language}") for language in ("en", "fr")
    )
    others = read_raw_lines(shared_data("tatoeba") / "fra.txt")
    texts = english[-2500:] + french[-2500:]
    texts += [text for line in others[:2500] for text in line.split("\t")[:2]]
    learnt = [normalise(text) for text in english[:5000] + french[:5000]]
    trained = (
        Vocabulary.train(learnt, vocabulary_config(size=4000, model=model))
        for model in ("bpe", "unigram")
    )
    assert_same_pieces(engine, transformer.web, VocabularyPair(*trained), texts)


def cases() -> list[Any]:
    """Every model with every score; every normaliser and positions; what else changes graphs."""
    found: list[tuple[str, str, dict[str, Any]]] = [
        ("rnn", "dot", {}),
        ("rnn", "dot", {"cell": "lstm"}),
    ]
    found += [(name, score, {}) for name in MODELS if name != "rnn" for score in SCORES]
    for each in NORMALISERS:
        found += [("transformer", "dot", {"normaliser": each})]
        found += [("bahdanau", "general", {"normaliser": each})]
    found += [("transformer", "gaussian", {"positions": each}) for each in POSITIONS]
    found += [
        ("convolutional", "dot", {"positions": "learned"}),
        ("convolutional", "dot", {"positions": "none"}),
        ("bahdanau", "additive", {"window": "local_p", "coverage": True, "layers": 2}),
        ("bahdanau", "location", {"coverage": True}),
        ("bahdanau", "dot", {"window": "local_m", "input_feeding": False, "cell": "lstm"}),
        ("transformer", "general", {"key_value_heads": 1, "norm": "post", "query_size": 5}),
        ("transformer", "scaled_dot", {"normalisation": "batch", "activation": "swiglu"}),
        ("transformer", "scaled_dot", {"normalisation": "rms", "activation": "gelu"}),
        ("transformer", "scaled_dot", {"norm": "none", "decoder_layers": 2}),
    ]
    return [
        pytest.param(*case, id="-".join(map(str, [*case[:2], *case[2].values()]))) for case in found
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "score", "changes"), cases())
def test_every_model_is_forced_as_in_torch(engine, vocabulary, name, score, changes):
    model = chance_model(vocabulary, name, score, **changes)
    load(engine, exported(model, vocabulary))
    for text in TEXTS[:2]:
        assert_alike(engine, model, vocabulary, text, [9, 17, 30, 5, 30, END])


@pytest.fixture(scope="module", params=["transformer", "bahdanau"])
def trained(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    length = ("max_updates=400", "validate_every=400")
    trains = tiny(request.param, *length, "optimiser.learning_rate=0.01")
    done = attnlab(*trains, "runs_root=runs", folder=folder, timeout=600)
    assert done.code == 0, done.errors
    (run,) = (path.parent for path in folder.glob("runs/**/config.yaml"))
    return run


@pytest.mark.slow
@pytest.mark.parametrize("search", ["beam", "greedy"])
def test_two_hundred_translations_are_those_of_the_run(engine, trained, search):
    run, _ = load_inference([str(trained), f"search={search}"], None)
    # The small corpus has 200 sentences to train on only.
    pairs = load_splits(run.run.config.data, run.run.config.seed, ["train"]).splits["train"][:200]
    assert len(pairs) == 200
    sources = [pair.source for pair in pairs]
    expected = [each.text for each in run.translator.translate(sources)]
    load(engine, web_model(run))
    found = engine.evaluate("texts => texts.map((text) => model.translate(text).text)", sources)
    assert found == expected
    assert len(set(found)) > 50


def test_what_writes_a_page_names_the_packages_that_it_needs(vocabulary, monkeypatch):
    for name in ("onnx", "onnxruntime", "onnxscript"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UsageError, match=r"pip install 'attnlab\[onnx\]'"):
        exported(chance_model(vocabulary, "rnn", "additive"), vocabulary)


def test_python_knows_the_operators(engine):
    assert set(engine.evaluate("Object.keys(Attnlab.OPERATORS)")) == engine_operators()
