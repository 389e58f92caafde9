"""A run's model as two texts, which `Attnlab.load` of the engine in JavaScript makes a model of."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from attnlab.data.vocabulary import VocabularyPair
from attnlab.engines.onnx_graphs import Graphs, export_graphs
from attnlab.engines.onnx_model import require_onnxruntime
from attnlab.inspection.forced import kind_and_layer
from attnlab.models.interface import EncoderDecoder
from attnlab.run.loaded import LoadedRun
from attnlab.search import NEVER_CHOSEN
from attnlab.studies.web.graphs import Weights, by_name, graph_values
from attnlab.studies.web.vocabularies import SPECIAL, vocabulary_values
from attnlab.support.errors import UsageError

WEB_PRECISIONS = ("float32", "float16")
"""Types of the weights in a page."""

_SIDES = {
    "encoder": ("source", "source"),
    "decoder": ("target", "target"),
    "cross": ("target", "source"),
}


@dataclass(frozen=True)
class WebModel:
    """A model for a page: its facts in JSON, and its weights in base64."""

    json: str
    weights: str


def web_model(trained: LoadedRun, precision: str = "float32") -> WebModel:
    """The model of a run, with its vocabulary and its search.

    `precision`: of the weights. With float16 they take half the room, and translations differ from
    the run's own now and then; the engine computes in float32.

    Raises:
        UsageError: there is no such precision, the search has a setting that the engine does not,
            or `attnlab[onnx]`, which writes the graphs, is not installed.
        AttnlabError: the graphs have an operator that the engine does not know.
    """
    if precision not in WEB_PRECISIONS:
        raise UsageError(
            f"--precision {precision} is none of a page's: auto, {', '.join(WEB_PRECISIONS)}"
        )
    search = _search(trained.recipe.search)
    config = trained.run.config
    info = {
        "name": trained.run.name,
        "checkpoint": trained.recipe.trained,
        "family": config.model.name,
        "score": config.attention.score.name,
        "normaliser": config.attention.normaliser.name,
        "positions": config.attention.positions.name,
        "sourceLanguage": config.data.source_language,
        "targetLanguage": config.data.target_language,
        "maxCharacters": config.data.max_characters,
        "search": search,
    }
    return packed(trained.model, trained.vocabulary, info, precision)


def packed(
    model: EncoderDecoder[Any],
    vocabulary: VocabularyPair,
    info: dict[str, Any],
    precision: str = "float32",
) -> WebModel:
    """`model` and its vocabulary, with `info` for the page; see `web_model`."""
    require_onnxruntime()
    import onnx

    weights, graphs = Weights(precision), {}
    with TemporaryDirectory() as place:
        files = Path(place, "encoder.onnx"), Path(place, "decoder.onnx")
        facts = export_graphs(model, *files)
        for name, file in zip(("encoder", "decoder"), files, strict=True):
            graphs[name] = graph_values(onnx.load(file), getattr(facts, name), weights)
    values = graphs | {
        "info": info
        | {
            "parameters": sum(each.numel() for each in model.parameters()),
            "vocabulary": {"source": len(vocabulary.source), "target": len(vocabulary.target)},
            "attentions": _attentions(facts),
            "special": SPECIAL,
            "neverChosen": NEVER_CHOSEN,
        },
        "byHypothesis": [each.name for each in facts.state if each.by_hypothesis],
        "weights": weights.arrays,
        "vocabularies": vocabulary_values(vocabulary),
    }
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return WebModel(text, base64.b64encode(weights.content).decode())


def _attentions(graphs: Graphs) -> list[dict[str, Any]]:
    found = []
    for graph in (graphs.encoder, graphs.decoder):
        for name in graph.attentions:
            kind, layer = kind_and_layer(name)
            queries, keys = _SIDES[kind]
            sides = {"queries": queries, "keys": keys}
            found.append({"name": name, "kind": kind, "layer": layer, "heads": graph.heads} | sides)
    return found


def _search(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings of a search by the engine's names.

    Raises:
        UsageError: one of them changes what the engine's search finds.
    """
    reasons = [
        f"search.{name}={settings[name]}"
        for name, without in (("groups", 1), ("coverage_penalty", 0.0))
        if settings.get(name, without) != without
    ]
    reasons += [f"{name}=" for name in ("ensemble",) if name in settings]
    if reasons:
        raise UsageError(f"--to web has no {', nor '.join(reasons)}; leave it out")
    known = {name: value for name, value in settings.items() if name not in ("name", *_UNUSED)}
    return {"search": settings["name"]} | by_name(known)


_UNUSED = ("groups", "diversity", "coverage_penalty", "engine", "batch_tokens")
