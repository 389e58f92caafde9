"""`attnlab eval --sweep-beam`: quality and speed of a run against the size of its beam."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from attnlab.config import InferenceConfig
from attnlab.data.corpus import load_split
from attnlab.evaluate.scores import Timing
from attnlab.evaluate.splits import named_splits
from attnlab.evaluate.stored import store_files
from attnlab.evaluation.metrics import Measured, Reading, measure, require_tokeniser
from attnlab.evaluation.significance import (
    Statistics,
    compare_systems,
    score_interval,
    statistics,
)
from attnlab.plotting import Figure
from attnlab.plotting.colours import FRAME, INK
from attnlab.plotting.panels import LINES, Drawing, draw_panels
from attnlab.plotting.saving import save_figure
from attnlab.plotting.text import NAME_SIZE, text_style
from attnlab.run.loaded import LoadedRun, Recipe, load_run
from attnlab.search.beam import BeamConfig
from attnlab.support.console import counting
from attnlab.support.errors import UsageError
from attnlab.support.folders import shown_path
from attnlab.support.table import table, three_digits

_WARM_UP = 64  # sentences, translated by each beam before it is timed
_LEGEND = """\
95 %: interval of BLEU over resampled sentences (bootstrap). p: of such a difference from the first
size by chance, in a paired test over sentences (approximate randomisation). tokens: mean length of
a translation. Sentences are translated in batches; one alone takes longer."""


@dataclass(frozen=True)
class BeamScores:
    """What a beam of `size` gives; `tokens` is the mean length.

    `interval`: of BLEU. `p_value`: of its difference from the first size's; None for that one.
    """

    size: int
    bleu: Measured
    interval: tuple[float, float]
    p_value: float | None
    chrf: Measured
    timing: Timing
    tokens: float

    def as_json(self) -> dict[str, Any]:
        """All figures; scores without their signatures, which all beams share."""
        return {
            "beam_size": self.size,
            "bleu": self.bleu.score,
            "bleu_interval": list(self.interval),
            "bleu_p_value": self.p_value,
            "chrf": self.chrf.score,
            "tokens": self.tokens,
            "timing": self.timing.as_json(),
        }


@dataclass(frozen=True)
class BeamSweep:
    """Beams on one split, in the order of their sizes; `figure` is a file."""

    recipe: Recipe
    split: str
    batch_tokens: int
    beams: list[BeamScores]
    figure: Path

    def as_json(self) -> dict[str, Any]:
        """The output of `attnlab eval --sweep-beam --json`."""
        first = self.beams[0]
        return self.recipe.as_json() | {
            "split": self.split,
            "sentences": first.timing.sentences,
            "batch_tokens": self.batch_tokens,
            "signatures": {"bleu": first.bleu.signature, "chrf": first.chrf.signature},
            "beams": [each.as_json() for each in self.beams],
            "figure": str(self.figure),
        }

    def __str__(self) -> str:
        head = ["beam", "BLEU", "95 %", "p", "chrF2", "sentences/s", "ms a sentence", "tokens"]
        rows = [
            [
                str(each.size),
                f"{each.bleu.score:.1f}",
                "{:.1f} to {:.1f}".format(*each.interval),
                "" if each.p_value is None else f"{each.p_value:.3f}",
                f"{each.chrf.score:.1f}",
                three_digits(1000 / each.timing.milliseconds),
                three_digits(each.timing.milliseconds),
                f"{each.tokens:.1f}",
            ]
            for each in self.beams
        ]
        first = self.beams[0]
        how = [self.recipe.trained, self.recipe.searched, f"batch_tokens={self.batch_tokens}"]
        remark = [first.bleu.remark] if first.bleu.remark else []
        return "\n".join(
            [
                table(head, rows),
                _LEGEND,
                *remark,
                "",
                " | ".join(["BLEU", *how, first.bleu.signature]),
                " | ".join(["chrF2", first.chrf.signature]),
                "",
                f"run {self.recipe.run} | {self.split}: {first.timing.sentences:,} sentences | "
                f"{first.timing.counted_threads}",
                shown_path(self.figure),
            ]
        )


def parse_sizes(text: str) -> list[int]:
    """The sizes of beams in a text such as `1,2,4,8`, once each, in order.

    Raises:
        UsageError: they are no numbers from 1 on.
    """
    try:
        sizes = sorted({int(part) for part in text.split(",")})
    except ValueError:
        sizes = [0]
    if sizes[0] < 1:
        raise UsageError(f"--sweep-beam {text}: write sizes from 1 on, like 1,2,4,8")
    return sizes


def sweep_beams(
    trained: LoadedRun, config: InferenceConfig, split: str, sizes: Sequence[int]
) -> BeamSweep:
    """Translate `split` with a beam of each of `sizes`, the rest of the search as configured.

    The table goes to RUN/scores/beams/ as JSON, the figure to RUN/plots/.

    Raises:
        UsageError: the search is no beam search, or not with these sizes, or the corpus has no such
            split.
    """
    if not isinstance(config.search, BeamConfig):
        raise UsageError(
            f"--sweep-beam is about search=beam, not search={config.search.name}; leave search= out"
        )
    names = named_splits(trained, [split])
    if len(names) > 1:
        raise UsageError(f"--sweep-beam measures one split; choose one of: {', '.join(names)}")
    (split,) = names
    searches = [replace(config.search, beam_size=size, n_best=1) for size in sizes]
    run, tokeniser = trained.run, trained.run.config.bleu_tokeniser
    require_tokeniser(tokeniser)
    reading = vars(Reading(tokeniser, language=run.config.data.target_language))
    pairs = load_split(run.config.data, run.config.seed, split)
    sources, references = [each.source for each in pairs], [each.reference for each in pairs]
    beams: list[BeamScores] = []
    first: Statistics | None = None
    with counting(f"translating {split}", len(pairs) * len(sizes)) as advance:
        for search in searches:
            translator = load_run(run.folder, replace(config, search=search)).translator
            translator.translate(sources[:_WARM_UP])
            started = time.monotonic()
            found = translator.translate(sources, advance)
            timing = Timing.since(started, len(pairs))
            texts = [each.text for each in found]
            counts = statistics("bleu", texts, references, tokeniser=tokeniser)
            compared = None if first is None else compare_systems([first], [counts])
            first = first or counts
            beams.append(
                BeamScores(
                    search.beam_size,
                    measure("bleu", texts, references, **reading),
                    score_interval(counts),
                    None if compared is None else compared.p_value,
                    measure("chrf", texts, references, **reading),
                    timing,
                    sum(len(each.target_tokens) for each in found) / len(found),
                )
            )
    searched = {key: value for key, value in trained.recipe.search.items() if key != "beam_size"}
    recipe = replace(trained.recipe, search=searched)
    figure = run.plots / f"beam-{split}.png"
    sweep = BeamSweep(recipe, split, config.batch_tokens, beams, figure)
    save_figure(draw_sweep(sweep, trained.described), figure)
    content = json.dumps(sweep.as_json(), ensure_ascii=False, indent=1) + "\n"
    store_files(run, {run.scores / "beams" / f"{split}.json": content})
    return sweep


def draw_sweep(sweep: BeamSweep, described: str) -> Figure:
    """BLEU with its interval against the time of a sentence, a dot with its size for each beam."""
    times = [each.timing.milliseconds for each in sweep.beams]
    scores = [each.bleu.score for each in sweep.beams]
    lows, highs = zip(*(each.interval for each in sweep.beams), strict=True)

    def paint(axes: Axes) -> None:
        axes.vlines(times, lows, highs, color=FRAME, linewidth=1.2)
        axes.plot(times, scores, **LINES[0], linewidth=1.3, marker="o", markersize=3.6)
        axes.set_xlim(0, 1.12 * max(times))
        axes.grid(visible=True, color=FRAME, alpha=0.4, linewidth=0.5)
        for each, x, y in zip(sweep.beams, times, scores, strict=True):
            axes.annotate(
                str(each.size),
                (x, y),
                xytext=(5, -10),
                textcoords="offset points",
                color=INK,
                **text_style(str(each.size), NAME_SIZE),
            )

    panel = Drawing(
        title=f"Beam size on {sweep.split}",
        x_label="milliseconds a sentence",
        y_label="BLEU",
        size=(230.0, 160.0),
        paint=paint,
    )
    first = sweep.beams[0]
    note = (
        f"{described} · {first.timing.sentences:,} sentences in batches of up to "
        f"{sweep.batch_tokens:,} tokens, {first.timing.counted_threads}. Bars: 95 % of resampled "
        f"corpora. {first.bleu.signature}"
    )
    return draw_panels([[panel]], note=note)
