"""Which sentence, which attention and which step of a trained run are to be worked out."""

from torch import Tensor

from attnlab.attention.normalisers import Normaliser
from attnlab.attention.recording import attentions
from attnlab.attention.scores import Score
from attnlab.data.batching import EncodedPair
from attnlab.data.tokens import BEGIN, END
from attnlab.data.words import Word
from attnlab.evaluate.inspected import Inspected, inspect_sentences
from attnlab.inspection.forced import KINDS, kind_and_layer
from attnlab.inspection.maps import labels
from attnlab.models.bahdanau import BahdanauConfig
from attnlab.run.loaded import LoadedRun, require_attention
from attnlab.studies.explain.explanation import (
    ExplainedNormaliser,
    ExplainedScore,
    Explanation,
    Parameter,
    Place,
)
from attnlab.studies.explain.worked import work_out
from attnlab.support.errors import UsageError

_MOST_DIGITS = 18
"""Of a step's number; Python refuses to read one of thousands of digits."""


def explain_step(
    trained: LoadedRun,
    *,
    text: str | None,
    split: str,
    number: int,
    reference: bool,
    step: str,
    kind: str,
    layer: int | None,
    head: int,
) -> Explanation:
    """Work out one step of a sentence: `text`, or else that of a split with this `number`, from 1.

    `step` is a number from 1, or the word that is said there; in the encoder's self-attention the
    word of the source that asks. `layer` None is the last one.

    Raises:
        AttnlabError: the model has no attention.
        UsageError: there is no such sentence, kind, layer, head or step.
    """
    require_attention(trained, "explain")
    place, name = _find(trained, kind, layer)
    (sentence,) = inspect_sentences(
        trained,
        texts=[] if text is None else [text],
        split=split,
        numbers=[number],
        reference=reference,
    )
    source = trained.vocabulary.source.pieces([*sentence.source_tokens, END])
    read = trained.vocabulary.target.pieces([BEGIN, *sentence.target_tokens])
    said = trained.vocabulary.target.pieces([*sentence.target_tokens, END])
    askers = source if kind == "encoder" else said
    query, also = _find_step(step, len(askers), _words(trained, sentence, kind))
    heads = max(
        each.head for each in sentence.maps if (each.kind, each.layer) == (kind, place.layer)
    )
    if not 1 <= head <= heads:
        raise UsageError(f"--head {head}: {kind} attention has {_up_to('head', heads)}")
    worked = work_out(
        trained.model,
        EncodedPair(sentence.source_tokens, sentence.target_tokens),
        name,
        head,
        query,
    )
    pooling, config = attentions(trained.model)[name], trained.run.config
    chosen = trained.run.config.model
    return Explanation(
        recipe=trained.recipe,
        model=config.model.name,
        positions=config.positions.name,
        score=_score(config.score.name, pooling.score),
        normaliser=_normaliser(config.normaliser.name, pooling.normaliser),
        source=sentence.source,
        target=sentence.target,
        is_reference=reference,
        place=place,
        head=head,
        step=query + 1,
        also=also,
        askers=askers,
        read=read,
        keys=read if kind == "decoder" else source,
        is_covered=isinstance(chosen, BahdanauConfig) and chosen.coverage,
        worked=worked,
    )


def _find(trained: LoadedRun, kind: str, layer: int | None) -> tuple[Place, str]:
    """The attention of that kind and layer, and its readable name."""
    if kind not in KINDS:
        raise UsageError(f"--kind {kind} is none of: {', '.join(KINDS)}")
    there = {kind_and_layer(name): name for name in attentions(trained.model)}
    layers = [number for each, number in there if each == kind]
    if not layers:
        kinds = dict.fromkeys(each for each, _ in there)
        raise UsageError(f"--kind {kind}: this model has only: {', '.join(kinds)}")
    wanted = max(layers) if layer is None else layer
    if wanted not in layers:
        raise UsageError(f"--layer {wanted}: {kind} attention has {_up_to('layer', max(layers))}")
    return Place(kind, wanted, len(layers)), there[kind, wanted]


def _up_to(what: str, most: int) -> str:
    return f"{what}s 1 to {most}" if most > 1 else f"{what} 1 alone"


def _words(trained: LoadedRun, sentence: Inspected, kind: str) -> list[Word]:
    """The words that ask, or that are said while the question is asked."""
    if kind == "encoder":
        return labels(trained.vocabulary.source, [*sentence.source_tokens, END], pieces=False)
    return labels(trained.vocabulary.target, [*sentence.target_tokens, END], pieces=False)


def _find_step(step: str, steps: int, words: list[Word]) -> tuple[int, list[int]]:
    """The step from 0 that a number or a word names, and the word's other steps, from 1."""
    if step.isdecimal():
        if len(step) > _MOST_DIGITS or not 1 <= int(step) <= steps:
            raise UsageError(
                f"--step {step}: this sentence has steps 1 to {steps}, the last of which is its end"
            )
        return int(step) - 1, []
    same = [word for word in words if _bare(word.text) == _bare(step)]
    # Of "Le" and "le" the one that is spelt as it was typed; else the first.
    same.sort(key=lambda word: word.text != step)
    if not same:
        raise UsageError(
            f"--step {step}: there is no such word among: {' '.join(word.text for word in words)}; "
            f"name one of them, or a step from 1 to {steps}"
        )
    return same[0].start, sorted(word.start + 1 for word in same[1:])


def _bare(word: str) -> str:
    """In small letters and without the signs around it: "noon" finds "noon."."""
    return word.casefold().strip(".,;:!?…«»\"'’() ") or word


def _score(name: str, score: Score) -> ExplainedScore:
    return ExplainedScore(
        name=name,
        formula=score.formula,
        working=score.working,
        factor=score.factor,
        reads_keys=score.reads_keys,
        parameters=[
            Parameter(
                score.symbols.get(path, path),
                list(value.shape),
                value.item() if value.dim() == 0 else None,
            )
            for path, value in score.named_parameters()
        ],
    )


def _normaliser(name: str, normaliser: Normaliser) -> ExplainedNormaliser:
    factor = normaliser.softmax_factor
    if isinstance(factor, Tensor):
        factor = factor.item()
    return ExplainedNormaliser(
        name=name,
        formula=normaliser.formula,
        temperature=None if factor is None else 1 / factor,
        entmax_alpha=normaliser.entmax_alpha,
    )
