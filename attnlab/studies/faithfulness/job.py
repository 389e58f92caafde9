"""The two tests of a run's attention on a split: other weights, and sources without a word."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from attnlab.attention.intervention import intervene, uniform
from attnlab.data.batching import EncodedPair
from attnlab.data.corpus import load_split
from attnlab.data.encoding import encode_pairs
from attnlab.data.pairs import SentencePair
from attnlab.evaluate.inspected import find_gold
from attnlab.evaluation.languages import require_tokeniser
from attnlab.evaluation.metrics import Measured, measure
from attnlab.run.loaded import LoadedRun, require_attention
from attnlab.studies.faithfulness.agreement import (
    SentenceAgreement,
    agreements,
    estimates,
    source_words,
)
from attnlab.studies.faithfulness.replacing import Part, parts_of, replace_weights
from attnlab.studies.faithfulness.report import FaithfulnessReport
from attnlab.support.console import counting
from attnlab.support.errors import UsageError

_PERMUTATIONS = 5


def measure_faithfulness(
    trained: LoadedRun, split: str, *, count: int, batch_tokens: int, bleu: bool = False
) -> FaithfulnessReport:
    """Both experiments on the first `count` sentences of a split, read with their references.

    With `bleu`, they are also translated anew with uniform weights in each part of the attention.

    Raises:
        AttnlabError: the model has no attention, or an alignment does not fit its sentence.
        UsageError: there is no such split, or nothing in it.
    """
    require_attention(trained, "test")
    pairs, encoded = _read(trained, split, count)
    parts = parts_of(trained.model, encoded[0])
    with counting("reading with other weights", len(encoded)) as advance:
        loss, replaced = replace_weights(
            trained.model,
            encoded,
            parts,
            permutations=_PERMUTATIONS,
            batch_tokens=batch_tokens,
            advance=advance,
        )
    found = _agreements(trained, split, pairs, encoded, batch_tokens)
    return FaithfulnessReport(
        recipe=trained.recipe,
        split=split,
        sentences=len(pairs),
        single=len(pairs) - len(found),
        permutations=_PERMUTATIONS,
        loss=loss,
        replaced=replaced,
        bleu=_bleu(trained, pairs, parts) if bleu else None,
        agreement=estimates(found),
        chance=float(np.mean([each.chance for each in found])) if found else float("nan"),
    )


def measure_agreement(
    trained: LoadedRun, split: str, *, count: int, batch_tokens: int
) -> list[SentenceAgreement]:
    """Leaving out words alone, on the first `count` sentences of a split with their references.

    Raises:
        AttnlabError: the model has no attention, or an alignment does not fit its sentence.
        UsageError: there is no such split, or nothing in it.
    """
    require_attention(trained, "test")
    pairs, encoded = _read(trained, split, count)
    return _agreements(trained, split, pairs, encoded, batch_tokens)


def _read(
    trained: LoadedRun, split: str, count: int
) -> tuple[list[SentencePair], list[EncodedPair]]:
    config = trained.run.config
    pairs = load_split(config.data, config.seed, split)[:count]
    if not pairs:
        raise UsageError(f"--split {split} has no sentences; choose another, or a greater --count")
    return pairs, encode_pairs(trained.vocabulary, ((each.source, each.target) for each in pairs))


def _agreements(
    trained: LoadedRun,
    split: str,
    pairs: Sequence[SentencePair],
    encoded: Sequence[EncodedPair],
    batch_tokens: int,
) -> list[SentenceAgreement]:
    """Of the sentences whose sources have two words at least: of one, nothing can be compared."""
    chosen = [n for n, each in enumerate(encoded) if len(source_words(trained, each)) > 1]
    gold = {}
    for place, n in enumerate(chosen):
        links = gold_of_steps(trained, f"{split}, sentence {n + 1}", pairs[n], encoded[n])
        if links is not None:
            gold[place] = links
    with counting("reading without a word", len(chosen)) as advance:
        return list(agreements(trained, [encoded[n] for n in chosen], gold, batch_tokens, advance))


def gold_of_steps(
    trained: LoadedRun, name: str, pair: SentencePair, tokens: EncodedPair
) -> NDArray[np.bool_] | None:
    """True at (step, source word) where the step says a piece of what the word is linked with.

    Without the ends of both; None where the pair, called `name`, has no alignment.

    Raises:
        AttnlabError: its alignment does not fit its sentence.
    """
    cells = find_gold(trained, name, pair, tokens, source_pieces=False, target_pieces=True)
    if cells is None:
        return None
    links = np.zeros((len(tokens.target) + 1, len(source_words(trained, tokens)) + 1), dtype=bool)
    links[tuple(np.array(sorted(cells), dtype=int).reshape(-1, 2).T)] = True
    return links[:-1, :-1]


def _bleu(
    trained: LoadedRun, pairs: Sequence[SentencePair], parts: Sequence[Part]
) -> dict[Part | None, Measured]:
    """Of the translations that a search finds: as the model is (None), and with uniform weights."""
    sources, references = [each.source for each in pairs], [each.reference for each in pairs]
    tokeniser = trained.run.config.bleu_tokeniser
    require_tokeniser(tokeniser)
    found: dict[Part | None, Measured] = {}
    with counting("translating with uniform weights", len(pairs) * (len(parts) + 1)) as advance:
        for part in (None, *parts):
            changes = {} if part is None else part.changed_by(uniform(part.heads))
            with intervene(trained.model, changes):
                translations = trained.translator.translate(sources, advance)
            texts = [each.text for each in translations]
            found[part] = measure("bleu", texts, references, tokeniser=tokeniser)
    return found
