"""Translations and scores of a split, as an evaluation stores them in a run and others read them.

RUN/translations/ has a text file a column, RUN/scores/ their figures with all that they follow
from: checkpoint, search, signatures, and a digest of the references.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attnlab.evaluate.scores import SplitScores, references_digest
from attnlab.evaluation.metrics import Measured, Reading, measure
from attnlab.run.folder import Run
from attnlab.run.loaded import Recipe
from attnlab.support.files import locked, write_file

logger = logging.getLogger(__name__)


def reference_kinds(count: int) -> list[str]:
    """Ends of the names of reference files: reference, reference2 and so on."""
    return ["reference", *(f"reference{number}" for number in range(2, count + 1))][:count]


def store_split(
    run: Run,
    recipe: Recipe,
    file: str,
    columns: Mapping[str, Sequence[str]],
    scores: SplitScores,
) -> None:
    """Save texts, as FILE.COLUMN, and their scores in the run; warn if that fails."""
    found = recipe.as_json() | {"split": scores.split, **scores.as_json()}
    contents = {
        run.translations / f"{file}.{kind}": "".join(f"{line}\n" for line in lines)
        for kind, lines in columns.items()
    }
    contents[run.scores / f"{file}.json"] = json.dumps(found, ensure_ascii=False, indent=1) + "\n"
    if store_files(run, contents):
        logger.info("texts: %s.*", run.translations / file)


def store_files(run: Run, contents: Mapping[Path, str]) -> bool:
    """Write files of scores and translations into the run; warn and return False if that fails."""
    try:
        for path in (*contents, run.scores / ".lock"):
            path.parent.mkdir(parents=True, exist_ok=True)
        # Locked, so that files of concurrent evaluations are not mixed.
        with locked(run.scores / ".lock", lambda: None):
            for path, content in contents.items():
                write_file(path, content)
    except (OSError, NotImplementedError) as error:  # the second: no locks there
        logger.warning(
            "%s: translations and scores are not kept (%s); make room or permit writing there",
            run.folder,
            getattr(error, "strerror", None) or error,
        )
        return False
    return True


@dataclass(frozen=True)
class StoredSplit:
    """Texts of a split that are stored in a run, and their scores by metric.

    `accuracies`: of "contrast" and "focus" where the split asks for them, in per cent: those of all
    sentences, under "", and of each group that `eval` makes by itself. `reading`: how metrics read
    the texts.
    """

    sources: list[str]
    hypotheses: list[str]
    references: tuple[list[str], ...]
    metrics: dict[str, Measured]
    accuracies: dict[str, dict[str, float]]
    reading: Reading


def stored_split(
    run: Run, recipe: Recipe, split: str, metrics: Sequence[str]
) -> StoredSplit | None:
    """A split as an evaluation stored it, if by the same weights and search as `recipe`.

    Metrics that were not asked for then, or had another signature than with the run's tokeniser,
    are computed from the texts. None if it is not stored, not whole, or of another recipe.
    """

    def lines(kind: str) -> list[str]:
        text = (run.translations / f"{split}.{kind}").read_text(encoding="utf-8")
        return text.split("\n")[:-1]

    try:
        values = json.loads((run.scores / f"{split}.json").read_text(encoding="utf-8"))
        wanted = json.loads(json.dumps(recipe.as_json()))
        if any(values[key] != wanted[key] for key in ("checkpoint", "search")):
            return None
        digests = values["references_sha256"]
        references = [lines(kind) for kind in reference_kinds(len(digests))]
        sources, hypotheses = lines("source"), lines("hypothesis")
        if [references_digest(texts) for texts in references] != digests:
            return None
        if not len(sources) == len(hypotheses) == len(references[0]):
            return None
        stored = {
            metric: Measured(float(values[metric]["score"]), str(values[metric]["signature"]))
            for metric in metrics
            if metric in values
        }
        accuracies = {name: _accuracies(values, name) for name in ("contrast", "focus")}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    reading = Reading(run.config.bleu_tokeniser, language=run.config.data.target_language)
    how, found = vars(reading), {}
    for metric in metrics:
        wanted = measure(metric, ["a"], *([["a"]] * len(references)), **how).signature
        known = stored.get(metric)
        if known is None or known.signature != wanted:
            known = measure(metric, hypotheses, *references, **how)
        found[metric] = known
    return StoredSplit(sources, hypotheses, tuple(references), found, accuracies, reading)


def _accuracies(values: dict[str, Any], name: str) -> dict[str, float]:
    groups = {"": values} | {
        group: scores
        for groups in values.get("by", {}).values()
        for group, scores in groups.items()
    }
    return {
        group: float(scores[name]["score"]) for group, scores in groups.items() if name in scores
    }


def stored_search(run: Run, splits: Sequence[str]) -> dict[str, Any] | None:
    """Settings of the search by which the first of `splits` with stored scores was translated."""
    for split in splits:
        try:
            values = json.loads((run.scores / f"{split}.json").read_text(encoding="utf-8"))
            return dict(values["search"])
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            continue
    return None
