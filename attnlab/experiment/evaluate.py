"""Score a trained run: translate a split or a file, and measure it against its references."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attnlab.config import InferenceConfig
from attnlab.errors import AttnlabError
from attnlab.evaluation.metrics import NAMES, Measured, measure
from attnlab.experiment.progress import translation_display
from attnlab.experiment.trained import Trained
from attnlab.text.corpus import load_split
from attnlab.text.reading import SentencePair, read_pair_files
from attnlab.translation import Translation

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Evaluation:
    """A run's scores on one split, and the translations that they were measured on."""

    run: Path
    split: str
    search: str
    translations: list[Translation]
    scores: dict[str, Measured]

    def as_json(self) -> dict[str, Any]:
        """What `attnlab eval --json` prints."""
        found: dict[str, Any] = {
            "run": str(self.run),
            "split": self.split,
            "sentences": len(self.translations),
        }
        for metric, measured in self.scores.items():
            found[metric] = {"score": measured.score, "signature": measured.signature}
        return found

    def __str__(self) -> str:
        return "\n".join(
            f"{NAMES[metric]} {measured.score:.1f} | {self.search} | {measured.signature}"
            for metric, measured in self.scores.items()
        )


def describe_search(config: InferenceConfig) -> str:
    """The search in a few words, for a figure's recipe."""
    size = getattr(config.search, "beam_size", None)
    if size is None:
        return config.search.name
    return f"beam {size} | length penalty {getattr(config.search, 'length_penalty', 0):g}"


def evaluate_split(
    trained: Trained, config: InferenceConfig, split: str, metrics: Sequence[str]
) -> Evaluation:
    """Translate and measure a split of the run's own corpus."""
    run = trained.run
    pairs = load_split(run.config.data, run.config.seed, split)
    return _evaluate(trained, config, split, pairs, metrics)


def evaluate_files(
    trained: Trained,
    config: InferenceConfig,
    source: Path,
    reference: Path,
    metrics: Sequence[str],
) -> Evaluation:
    """Translate the lines of `source` and measure them against those of `reference`."""
    pairs, reading = read_pair_files(source, reference)
    logger.info("%s", reading)
    name = source.name.removesuffix(".gz").removesuffix(
        f".{trained.run.config.data.source_language}"
    )
    return _evaluate(trained, config, name, pairs, metrics)


def _evaluate(
    trained: Trained,
    config: InferenceConfig,
    split: str,
    pairs: Sequence[SentencePair],
    metrics: Sequence[str],
) -> Evaluation:
    references = [pair.target for pair in pairs]
    with translation_display(len(pairs)) as advance:
        translations = trained.translator.translate([pair.source for pair in pairs], advance)
    hypotheses = [translation.text for translation in translations]
    scores = {metric: measure(metric, hypotheses, references) for metric in metrics}
    _write(trained.run.translations, split, [pair.source for pair in pairs], hypotheses, references)
    return Evaluation(trained.run.folder, split, describe_search(config), translations, scores)


def _write(
    folder: Path,
    split: str,
    sources: Sequence[str],
    hypotheses: Sequence[str],
    references: Sequence[str],
) -> None:
    kinds = (("source", sources), ("hypothesis", hypotheses), ("reference", references))
    try:
        folder.mkdir(exist_ok=True)
        for kind, texts in kinds:
            path = folder / f"{split}.{kind}"
            unfinished = path.with_name(f"{path.name}.unfinished")
            unfinished.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
            unfinished.replace(path)
    except OSError as error:
        raise AttnlabError(
            f"{folder}: the translations could not be written ({error.strerror}); "
            "make room or permit writing there"
        ) from error
