"""Explorer page of a run: attention of some sentences, its measures, and next-token candidates.

Measures are over the model's pieces; maps are over words, or over pieces if asked for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnlab.data.batching import EncodedPair, collate
from attnlab.data.tokens import BEGIN, END
from attnlab.evaluate.alignment import CONVENTIONS, count_of_heads, gold_pair
from attnlab.evaluate.sentences import Inspected, inspect_sentences
from attnlab.inspection.forced import (
    forced_batches,
    forced_logits,
    head_entropies,
    record_pairs,
    visible_keys,
)
from attnlab.inspection.maps import AttentionMap, labels
from attnlab.models.interface import EncoderDecoder
from attnlab.plotting.saving import place, save_page
from attnlab.run.loaded import LoadedRun
from attnlab.search import NEVER_CHOSEN
from attnlab.studies.explorer.content import (
    Explorer,
    HeadMeasures,
    ShownAttention,
    ShownSentence,
    Step,
)
from attnlab.studies.explorer.page import explorer_page
from attnlab.support.errors import UsageError

_KIND_ORDER = {"cross": 0, "encoder": 1, "decoder": 2}

Recorded = Mapping[tuple[str, int], NDArray[np.float32]]


@dataclass(frozen=True)
class NextTokens:
    """Candidates at each step of one target, as token ids and probabilities before any search.

    Shapes: `candidates` and `probabilities` (steps, count), the likeliest first; `targets`, the
    tokens of the target and the end, and `target_probabilities` (steps,).
    """

    candidates: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    targets: NDArray[np.int64]
    target_probabilities: NDArray[np.float32]


def write_explorer(
    trained: LoadedRun,
    *,
    texts: Sequence[str],
    split: str,
    numbers: Iterable[int],
    reference: bool,
    pieces: bool,
    output: Path | None,
) -> Path:
    """Write the page of `texts`, or else of a split's sentences with these `numbers` (from 1).

    Returns its path: `output`, or attention.html in that folder or else in the run's own.

    Raises:
        AttnlabError: the model has no attention, or the page cannot be written.
        UsageError: there is no such sentence, a text is to have a reference, or `output` is named
            as something else than a page.
    """
    path = place(output, trained.run.plots, "attention.html")
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--output {path}: a page's name ends with .html; call it so")
    inspected = list(
        inspect_sentences(
            trained, texts=texts, split=split, numbers=numbers, reference=reference, pieces=pieces
        )
    )
    origin = "your own" if texts else f"{trained.run.config.data.name}, {split}"
    page = draw_explorer(trained, inspected, origin, reference=reference, pieces=pieces)
    save_page(page, path)
    return path


def draw_explorer(
    trained: LoadedRun,
    inspected: Sequence[Inspected],
    origin: str,
    *,
    reference: bool,
    pieces: bool,
) -> str:
    """The HTML of the page of some sentences, which are of one or more from `origin`.

    With `reference`, their targets were given, and with `pieces` their maps are over pieces.
    """
    pairs = [EncodedPair(each.source_tokens, each.target_tokens) for each in inspected]
    recorded = {each.index: each.weights for each in record_pairs(trained.model, pairs)}
    following = next_tokens(trained.model, pairs)
    target = trained.vocabulary.target
    config = trained.run.config
    explorer = Explorer(
        title=f"Attention of {trained.run.name}",
        facts=[
            ("run", trained.run.name),
            ("weights of", trained.recipe.trained),
            ("model", config.model.name),
            ("score", config.score.name),
            ("weights by", config.normaliser.name),
            ("sentences", origin),
            ("labels", "pieces" if pieces else "words"),
            ("target", "the reference" if reference else "the model's translation"),
        ],
        target_is="reference" if reference else "translation",
        never_predicted=target.pieces(NEVER_CHOSEN),
        sentences=[
            ShownSentence(
                name=each.name,
                source=each.source,
                target=each.target,
                attention=_attention(trained, each, recorded[place], pieces),
                steps=_steps(trained, each, following[place]),
                gold=None if each.gold is None else sorted(each.gold),
                no_gold=_no_gold(each),
            )
            for place, each in enumerate(inspected)
        ],
    )
    return explorer_page(explorer)


def _attention(
    trained: LoadedRun, sentence: Inspected, recorded: Recorded, pieces: bool
) -> list[ShownAttention]:
    errors = _alignment_errors(trained, sentence, recorded)
    alone = collate([EncodedPair(sentence.source_tokens, sentence.target_tokens)])
    target = trained.vocabulary.target
    # Queries of cross-attention are labelled by a step's target, of the decoder by its input.
    labelled_by = {
        "cross": [*sentence.target_tokens, END],
        "decoder": [BEGIN, *sentence.target_tokens],
    }
    shown = []
    for kind, group in groupby(
        sorted(sentence.maps, key=lambda each: _KIND_ORDER[each.kind]), lambda each: each.kind
    ):
        maps, visible = list(group), visible_keys(kind, alone).numpy()
        of_kind = errors if kind == "cross" else {}
        layers = sorted({each.layer for each in maps})
        steps = labels(target, labelled_by[kind], pieces) if kind in labelled_by else []
        shown.append(
            ShownAttention(
                kind=kind,
                weights=np.stack([_of_layer(maps, layer) for layer in layers]),
                queries=maps[0].queries,
                keys=maps[0].keys,
                measures=[
                    _measures(recorded[kind, layer], visible, of_kind, layer) for layer in layers
                ],
                steps=[(word.start, word.stop) for word in steps],
            )
        )
    return shown


def _of_layer(maps: Sequence[AttentionMap], layer: int) -> NDArray[np.float32]:
    """(heads, queries, keys)."""
    return np.stack([each.weights for each in maps if each.layer == layer])


def _measures(
    weights: NDArray[np.float32],
    visible: NDArray[np.bool_],
    errors: Mapping[tuple[int, int | None], tuple[float, float]],
    layer: int,
) -> list[HeadMeasures]:
    """Measures of each head of a layer, and then of the mean of several; over pieces."""
    heads: list[int | None] = list(range(1, len(weights) + 1))
    if len(weights) > 1:
        heads.append(None)
        weights = np.concatenate([weights, weights.mean(axis=0, keepdims=True)])
    entropies = head_entropies(weights[np.newaxis], visible)
    return [
        HeadMeasures(
            entropy=entropy.nats,
            normalised_entropy=entropy.normalised,
            alignment_errors=errors.get((layer, head)),
        )
        for head, entropy in zip(heads, entropies, strict=True)
    ]


def _alignment_errors(
    trained: LoadedRun, sentence: Inspected, recorded: Recorded
) -> dict[tuple[int, int | None], tuple[float, float]]:
    """Alignment error rates by layer and head, for both conventions; empty without gold links."""
    if sentence.gold is None:
        return {}
    gold = gold_pair(sentence.pair, trained.run.config.data, sentence.name)
    tokens = EncodedPair(sentence.source_tokens, sentence.target_tokens)
    counts = count_of_heads(trained.vocabulary, tokens, gold, recorded)
    predicts, reads = CONVENTIONS
    return {
        (layer, head): (
            counts[layer, head, predicts].error_rate,
            counts[layer, head, reads].error_rate,
        )
        for layer, head, _ in counts
    }


def _steps(trained: LoadedRun, sentence: Inspected, following: NextTokens) -> list[Step]:
    pieces = trained.vocabulary.target.pieces
    return [
        Step(
            input_piece=read,
            target_piece=target,
            probability=float(probability),
            candidates=list(zip(pieces(tokens), map(float, probabilities), strict=True)),
        )
        for read, target, probability, tokens, probabilities in zip(
            pieces([BEGIN, *sentence.target_tokens]),
            pieces(following.targets),
            following.target_probabilities,
            following.candidates,
            following.probabilities,
            strict=True,
        )
    ]


def _no_gold(sentence: Inspected) -> str:
    """Why there are no gold links; empty if there are."""
    if sentence.gold is not None:
        return ""
    if sentence.pair.alignment is not None:
        return "The gold alignment is that of the reference, and this translation is another."
    return "There is no gold alignment of this sentence."


def next_tokens(
    model: EncoderDecoder[Any],
    pairs: Sequence[EncodedPair],
    *,
    count: int = 5,
    batch_tokens: int = 2048,
) -> list[NextTokens]:
    """The `count` likeliest tokens at each step of each pair's target, by forced decoding.

    Probabilities are a softmax over the whole vocabulary, tokens that search excludes included. A
    vocabulary smaller than `count` gives all of its tokens.
    """
    found: dict[int, NextTokens] = {}
    for chosen, batch in forced_batches(model, pairs, batch_tokens):
        probabilities = forced_logits(model, batch).float().softmax(-1)
        best = probabilities.topk(min(count, probabilities.size(-1)), dim=-1)
        of_targets = probabilities.gather(-1, batch.target_output.unsqueeze(-1)).squeeze(-1)
        parts = (best.indices, best.values, batch.target_output, of_targets)
        for row, index in enumerate(chosen):
            steps = len(pairs[index].target) + 1
            found[index] = NextTokens(*(part[row, :steps].cpu().numpy() for part in parts))
    return [found[index] for index in range(len(pairs))]
