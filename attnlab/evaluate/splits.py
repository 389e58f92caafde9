"""Evaluation of a run: splits or files are translated and scored against their references."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from itertools import chain
from pathlib import Path
from typing import Any

from attnlab.config import InferenceConfig
from attnlab.data.corpus import (
    Corpus,
    DataConfig,
    carved_splits,
    load_splits,
    present_splits,
)
from attnlab.data.pairs import SentencePair
from attnlab.data.reading.files import read_translations
from attnlab.data.reading.lines import normalise
from attnlab.evaluate.alignment import AlignmentReport, measure_alignment
from attnlab.evaluate.scores import (
    GROUPINGS,
    LeftOut,
    Outcome,
    SplitScores,
    Timing,
    families,
    report,
)
from attnlab.evaluate.stored import reference_kinds, store_split
from attnlab.evaluation.metrics import Reading, holds_word, require_tokeniser, tokeniser_remark
from attnlab.evaluation.moses import require_moses
from attnlab.inspection.forced import log_likelihoods
from attnlab.run.loaded import LoadedRun, Recipe
from attnlab.support.console import counting
from attnlab.support.errors import UsageError
from attnlab.trainer.progress import clock

logger = logging.getLogger(__name__)

ALL = "all"
"""The name that stands for every split but train."""


@dataclass(frozen=True)
class Evaluation:
    """A run's scores and alignments on some splits, with their recipe."""

    recipe: Recipe
    splits: list[SplitScores]
    alignments: list[AlignmentReport]

    def as_json(self) -> dict[str, Any]:
        """The output of `attnlab eval --json`."""
        found = self.recipe.as_json(searched=bool(self.splits))
        if self.splits:
            found["splits"] = {each.split: each.as_json() for each in self.splits}
        if self.alignments:
            found["alignment"] = {each.split: each.as_json() for each in self.alignments}
        return found

    def __getitem__(self, metric: str) -> float:
        """The score by `metric` of the one split that was evaluated.

        Raises:
            UsageError: another number of splits was, or not by this metric.
        """
        if len(self.splits) != 1 or metric not in self.splits[0].whole.metrics:
            there = {each.split: list(each.whole.metrics) for each in self.splits}
            raise UsageError(f"{metric} is not the score of a single split; there are: {there}")
        return self.splits[0].whole.metrics[metric].score

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"

    def __str__(self) -> str:
        parts = list(map(str, self.alignments))
        if self.splits:
            parts.insert(0, report(self.splits, self.recipe.trained, self.recipe.searched))
        of = [each.counted for each in self.splits]
        parts.append(" | ".join([f"run {self.recipe.run}", *(of or [self.recipe.trained])]))
        return "\n\n".join(parts)


def named_splits(trained: LoadedRun, names: Sequence[str]) -> list[str]:
    """`names` once each, with `all` replaced by the corpus's splits but for train.

    Raises:
        UsageError: the corpus has no such split.
    """
    present = present_splits(trained.run.config.data)
    wanted: list[str] = []
    for name in names:
        if name != ALL and name not in present:
            raise UsageError(
                f"--split {name}: data={trained.run.config.data.name} has: "
                f"{', '.join(present)}, or {ALL}"
            )
        wanted += [each for each in present if each != "train"] if name == ALL else [name]
    return list(dict.fromkeys(wanted))


def evaluate_splits(
    trained: LoadedRun,
    config: InferenceConfig,
    splits: Sequence[str],
    metrics: Sequence[str],
    by: Sequence[str] = (),
    alignment: bool = False,
    lowercase: bool = False,
    interval: bool = False,
) -> Evaluation:
    """Evaluate a run on splits of its corpus.

    By `metrics` of its translations, if any, also in groups `by` a grouping's name, `lowercase` or
    as they are written, each split's with its 95 % `interval` if asked; and by the `alignment` of
    its attention.
    """
    run = trained.run
    _require_groupings(by)
    found, alignments = [], []
    for name in named_splits(trained, splits):
        corpus = load_splits(run.config.data, run.config.seed, [name])
        left_out = _left_out(run.config.data, name, corpus)
        if alignment:
            alignments.append(measure_alignment(trained, name, left_out))
        if not metrics:
            continue
        pairs = corpus.splits[name]
        texts = _Texts(
            name,
            name,
            [pair.source for pair in pairs],
            [[pair.reference for pair in pairs]],
            left_out,
        )
        found.append(_evaluate(trained, config, texts, pairs, metrics, by, lowercase, interval))
    return Evaluation(trained.recipe, found, alignments)


def _left_out(data: DataConfig, split: str, corpus: Corpus) -> LeftOut | None:
    """The pairs of a split's file that reading left out, from the report of `corpus`."""
    (report,) = corpus.reports.values()
    counts = {
        "with a blank side": report.skipped_empty,
        "over data.max_characters": report.skipped_overlong,
        "over data.max_words": report.skipped_long if split == "train" else 0,
    }
    found = {reason: count for reason, count in counts.items() if count}
    carved = carved_splits(data)
    is_whole = split not in carved and (split != "train" or not (carved or data.max_pairs))
    total = len(corpus.splits[split]) + sum(found.values())
    return LeftOut(found, total if is_whole else None) if found else None


def evaluate_files(
    trained: LoadedRun,
    config: InferenceConfig,
    source: Path,
    references: Sequence[Path],
    metrics: Sequence[str],
    by: Sequence[str] = (),
    lowercase: bool = False,
    interval: bool = False,
) -> Evaluation:
    """Evaluate a run on the lines of `source` and of each of `references`.

    `metrics`, `by`, `lowercase` and `interval` are those of `evaluate_splits`. Translations are
    saved in a folder `files`, under a name with a checksum of the contents.
    """
    _require_groupings(by)
    sources, *others = read_translations(source, references)
    name = source.name.removesuffix(".gz").removesuffix(
        f".{trained.run.config.data.source_language}"
    )
    content = "\n".join(chain(sources, *others)).encode()
    file = f"files/{name}-{sha256(content).hexdigest()[:8]}"
    pairs = [
        SentencePair(normalise(text), normalise(reference))
        for text, reference in zip(sources, others[0], strict=True)
    ]
    texts = _Texts(name, file, sources, others)
    found = _evaluate(trained, config, texts, pairs, metrics, by, lowercase, interval)
    return Evaluation(trained.recipe, [found], [])


def _require_groupings(by: Sequence[str]) -> None:
    for each in by:
        if each not in GROUPINGS:
            raise UsageError(f"--by {each} is none of: {', '.join(GROUPINGS)}")


@dataclass(frozen=True)
class _Texts:
    """Texts to translate and score, and the name of the `file` to save them to."""

    name: str
    file: str
    sources: Sequence[str]
    references: Sequence[Sequence[str]]
    left_out: LeftOut | None = None


def _evaluate(
    trained: LoadedRun,
    config: InferenceConfig,
    texts: _Texts,
    pairs: Sequence[SentencePair],
    metrics: Sequence[str],
    by: Sequence[str],
    lowercase: bool,
    interval: bool,
) -> SplitScores:
    data, tokeniser = trained.run.config.data, trained.run.config.bleu_tokeniser
    if "tokenised" in metrics:
        require_moses()
    if "bleu" in metrics:
        require_tokeniser(tokeniser)
        if remark := tokeniser_remark(tokeniser, data.target_language):
            logger.warning("%s", remark)
    started = time.monotonic()
    with counting(f"translating {texts.name}", len(pairs)) as advance:
        translations = trained.translator.translate(texts.sources, advance, scored=False)
    timing = Timing.since(started, len(pairs))
    taken = clock(timing.seconds)
    logger.info("translated %s: %s sentences in %s", texts.name, f"{len(pairs):,}", taken)
    hypotheses = [translation.text for translation in translations]
    contrasts = _contrasts(trained, config, pairs)
    outcomes = [
        Outcome(
            hypothesis,
            references,
            contrast,
            None if pair.focus is None else holds_word(hypothesis, pair.focus),
        )
        for pair, hypothesis, references, contrast in zip(
            pairs, hypotheses, zip(*texts.references, strict=True), contrasts, strict=True
        )
    ]
    groupings = families(pairs) | {each: GROUPINGS[each](pairs) for each in by}
    reading = Reading(tokeniser, lowercase, data.target_language)
    found = SplitScores.of(
        *(texts.name, outcomes, metrics, groupings, reading),
        *(texts.left_out, timing, interval),
    )
    columns = {"source": texts.sources, "hypothesis": hypotheses}
    columns |= dict(zip(reference_kinds(len(texts.references)), texts.references, strict=True))
    store_split(trained.run, trained.recipe, texts.file, columns, found)
    return found


def _contrasts(
    trained: LoadedRun, config: InferenceConfig, pairs: Sequence[SentencePair]
) -> list[bool | None]:
    """Whether the target is likelier than the wrong one, for each pair that has a wrong one."""
    outcomes: list[bool | None] = [None] * len(pairs)
    asked = [index for index, pair in enumerate(pairs) if pair.contrast is not None]
    both = [
        (pairs[index].source, text)
        for index in asked
        for text in (pairs[index].target, pairs[index].contrast or "")
    ]
    found = log_likelihoods(trained.model, trained.vocabulary, both, config.batch_tokens)
    for index, right, wrong in zip(asked, found[::2], found[1::2], strict=True):
        outcomes[index] = right > wrong
    return outcomes
