"""Exports of a run, each checked on a split against attnlab's own translations."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from attnlab.config import InferenceConfig
from attnlab.data.corpus import load_splits, present_splits
from attnlab.data.pairs import SentencePair
from attnlab.engines.folder import build_search, export, require_engine
from attnlab.evaluation.metrics import measure
from attnlab.run.loaded import LoadedRun, engine_translator, exportable
from attnlab.support.console import counting
from attnlab.support.errors import UsageError
from attnlab.support.folders import shown_path
from attnlab.support.table import table
from attnlab.translate import Translator


@dataclass(frozen=True)
class Checked:
    """Translations of a split by one engine.

    `equal`: how many are those of torch. `tokens_per_second`: target tokens, with the ends'.
    `megabytes`: of the exported files, None for torch itself.
    """

    engine: str
    bleu: float
    equal: int
    tokens_per_second: float
    megabytes: float | None


@dataclass(frozen=True)
class ExportReport:
    """The folders that were written, and the checks of them, if there were any."""

    folders: Sequence[Path]
    split: str
    sentences: int
    signature: str
    checks: Sequence[Checked]

    def as_json(self) -> dict[str, Any]:
        """The output of `attnlab export --json`."""
        found: dict[str, Any] = {"folders": [str(folder) for folder in self.folders]}
        if self.checks:
            found |= {
                "split": self.split,
                "sentences": self.sentences,
                "signature": self.signature,
                "checks": [asdict(each) for each in self.checks],
            }
        return found

    def __str__(self) -> str:
        lines = [shown_path(folder) for folder in self.folders]
        if self.checks:
            rows = [
                (
                    each.engine,
                    f"{each.bleu:.2f}",
                    f"{each.equal:,} of {self.sentences:,}",
                    f"{each.tokens_per_second:,.0f}",
                    "" if each.megabytes is None else f"{each.megabytes:.1f}",
                )
                for each in self.checks
            ]
            head = ("engine", "BLEU", "as torch", "tokens/s", "MB")
            lines += ["", table(head, rows), f"{self.split} | BLEU {self.signature}"]
        return "\n".join(lines)


def export_run(
    trained: LoadedRun,
    config: InferenceConfig,
    to: str,
    precisions: Sequence[str],
    output: Path | None,
    *,
    split: str | None,
) -> ExportReport:
    """Export a run in each of `precisions`, to `output` or below the run's folder.

    `split`: of the corpus, to translate by torch and by each export; None: no check.

    Raises:
        UsageError: the format cannot hold the model; there are several precisions for one folder;
            there is no such split, or the engine does not have the search.
    """
    given = exportable(trained.run, trained.recipe, trained.model)
    require_engine(to, (given.config, given.attention))
    precisions = list(dict.fromkeys(precisions))
    if output is not None and len(precisions) > 1:
        raise UsageError("--output names one folder; leave it out, or give one --precision")
    by_precision = {each: output or trained.run.exports / f"{to}-{each}" for each in precisions}
    folders = list(by_precision.values())
    if split is None:
        export(given, to, by_precision)
        return ExportReport(folders, "", 0, "", [])
    search, pairs = build_search(to, config.search), _pairs(trained, split)
    export(given, to, by_precision)
    found = [_translated("torch", trained.translator, pairs)]
    for precision, folder in zip(precisions, folders, strict=True):
        translator = engine_translator(
            *(trained.run, trained.vocabulary, search, config.batch_tokens, folder)
        )
        found.append(_translated(f"{to} {precision}", translator, pairs))
    references = [pair.reference for pair in pairs]
    checks, signature = [], ""
    for each, place in zip(found, [None, *folders], strict=True):
        bleu = measure("bleu", each.texts, references, tokeniser=trained.run.config.bleu_tokeniser)
        signature = bleu.signature
        equal = sum(one == two for one, two in zip(each.texts, found[0].texts, strict=True))
        size = None if place is None else _megabytes(place)
        checks.append(Checked(each.engine, bleu.score, equal, each.tokens_per_second, size))
    return ExportReport(folders, split, len(pairs), signature, checks)


def _pairs(trained: LoadedRun, split: str) -> Sequence[SentencePair]:
    data = trained.run.config.data
    if split not in present_splits(data):
        raise UsageError(
            f"--split {split}: data={data.name} has: {', '.join(present_splits(data))}"
        )
    return load_splits(data, trained.run.config.seed, [split]).splits[split]


@dataclass(frozen=True)
class _Translated:
    engine: str
    texts: list[str]
    tokens_per_second: float


def _translated(engine: str, translator: Translator, pairs: Sequence[SentencePair]) -> _Translated:
    with counting(f"translating by {engine}", len(pairs)) as advance:
        started = time.perf_counter()
        found = translator.translate([pair.source for pair in pairs], advance)
        seconds = time.perf_counter() - started
    tokens = sum(len(each.target_tokens) + 1 for each in found)
    return _Translated(engine, [each.text for each in found], tokens / seconds)


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
