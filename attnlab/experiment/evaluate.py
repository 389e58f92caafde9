"""Score a trained run: translate splits or a file, and measure them against their references."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attnlab.config import InferenceConfig
from attnlab.errors import AttnlabError, UsageError
from attnlab.evaluation.groups import GROUPINGS, families
from attnlab.evaluation.metrics import holds_word
from attnlab.evaluation.scores import Outcome, SplitScores, report
from attnlab.experiment.align import measure_alignment
from attnlab.experiment.alignment_report import AlignmentReport
from attnlab.experiment.progress import clock
from attnlab.experiment.trained import Trained
from attnlab.files import write_file
from attnlab.likelihood import log_likelihoods
from attnlab.screen import counting
from attnlab.text.corpus import load_split, present_splits
from attnlab.text.pairs import SentencePair
from attnlab.text.reading import read_pair_files

logger = logging.getLogger(__name__)

ALL = "all"
"""As a split's name: every split that was not trained on."""


@dataclass(frozen=True)
class Evaluation:
    """A run's figures on some splits, the search that they were measured with, and alignments."""

    run: Path
    search: str
    splits: list[SplitScores]
    alignments: list[AlignmentReport]

    def as_json(self) -> dict[str, Any]:
        """What `attnlab eval --json` prints."""
        found: dict[str, Any] = {"run": str(self.run)}
        if self.splits:
            found["search"] = self.search
            found["splits"] = {each.split: each.as_json() for each in self.splits}
        if self.alignments:
            found["alignment"] = {each.split: each.as_json() for each in self.alignments}
        return found

    def __str__(self) -> str:
        scores = [report(self.splits, self.search)] if self.splits else []
        return "\n\n".join([*scores, *map(str, self.alignments)])


def describe_search(config: InferenceConfig) -> str:
    """The search in a few words, for a figure's recipe."""
    size = getattr(config.search, "beam_size", None)
    if size is None:
        return config.search.name
    return f"beam {size} | length penalty {getattr(config.search, 'length_penalty', 0):g}"


def named_splits(trained: Trained, names: Sequence[str]) -> list[str]:
    """`names` once each, with `all` meant as the corpus's splits but for train.

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
    trained: Trained,
    config: InferenceConfig,
    splits: Sequence[str],
    metrics: Sequence[str],
    by: Sequence[str] = (),
    alignment: bool = False,
) -> Evaluation:
    """Measure a run on splits of its own corpus.

    By `metrics` of translations, also in groups of the kinds `by`, unless no metric is named; and
    by the `alignment` of its attention if that is wanted.
    """
    run = trained.run
    _require_groupings(by)
    names = named_splits(trained, splits)
    alignments = [measure_alignment(trained, name) for name in names] if alignment else []
    found = []
    for name in names if metrics else ():
        pairs = load_split(run.config.data, run.config.seed, name)
        found.append(_evaluate(trained, config, name, pairs, metrics, by))
    return Evaluation(run.folder, describe_search(config), found, alignments)


def evaluate_files(
    trained: Trained,
    config: InferenceConfig,
    source: Path,
    reference: Path,
    metrics: Sequence[str],
    by: Sequence[str] = (),
) -> Evaluation:
    """Translate the lines of `source` and measure them against those of `reference`."""
    _require_groupings(by)
    pairs, reading = read_pair_files(source, reference)
    logger.info("%s", reading)
    name = source.name.removesuffix(".gz").removesuffix(
        f".{trained.run.config.data.source_language}"
    )
    found = _evaluate(trained, config, name, pairs, metrics, by)
    return Evaluation(trained.run.folder, describe_search(config), [found], [])


def _require_groupings(by: Sequence[str]) -> None:
    for each in by:
        if each not in GROUPINGS:
            raise UsageError(f"--by {each} is none of: {', '.join(GROUPINGS)}")


def _evaluate(
    trained: Trained,
    config: InferenceConfig,
    split: str,
    pairs: Sequence[SentencePair],
    metrics: Sequence[str],
    by: Sequence[str],
) -> SplitScores:
    started = time.monotonic()
    with counting(f"translating {split}", len(pairs)) as advance:
        translations = trained.translator.translate([pair.source for pair in pairs], advance)
    taken = clock(time.monotonic() - started)
    logger.info("translated %s: %s sentences in %s", split, f"{len(pairs):,}", taken)
    hypotheses = [translation.text for translation in translations]
    _write(trained.run.translations, split, pairs, hypotheses)
    contrasts = _contrasts(trained, config, pairs)
    outcomes = [
        Outcome(
            hypothesis,
            pair.target,
            contrast,
            None if pair.focus is None else holds_word(hypothesis, pair.focus),
        )
        for pair, hypothesis, contrast in zip(pairs, hypotheses, contrasts, strict=True)
    ]
    groupings = families(pairs) | {each: GROUPINGS[each](pairs) for each in by}
    return SplitScores.of(split, outcomes, metrics, groupings)


def _contrasts(
    trained: Trained, config: InferenceConfig, pairs: Sequence[SentencePair]
) -> list[bool | None]:
    """For each pair with a wrong translation, whether the model finds the right one likelier."""
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


def _write(
    folder: Path, split: str, pairs: Sequence[SentencePair], hypotheses: Sequence[str]
) -> None:
    kinds = (
        ("source", [pair.source for pair in pairs]),
        ("hypothesis", hypotheses),
        ("reference", [pair.target for pair in pairs]),
    )
    try:
        folder.mkdir(exist_ok=True)
        for kind, texts in kinds:
            write_file(folder / f"{split}.{kind}", "".join(f"{text}\n" for text in texts))
    except OSError as error:
        raise AttnlabError(
            f"{folder}: the translations could not be written ({error.strerror}); "
            "make room or permit writing there"
        ) from error
