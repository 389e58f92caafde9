"""All that `attnlab heads` does, in its order: measure, take away, draw, write."""

from dataclasses import dataclass
from pathlib import Path

from attnlab.config import InferenceConfig
from attnlab.plotting import Figure
from attnlab.plotting.saving import figure_place, save_figure
from attnlab.run.loaded import LoadedRun, require_attention
from attnlab.studies.heads.ablation import Ablation, ablate
from attnlab.studies.heads.atlas import choose_pairs, measure_atlas
from attnlab.studies.heads.drawing import draw_heads
from attnlab.studies.heads.events import record_atlas
from attnlab.studies.heads.report import HeadReport
from attnlab.studies.heads.tables import require_column
from attnlab.support.console import counting
from attnlab.support.csv_file import write_csv
from attnlab.support.errors import UsageError
from attnlab.trainer.interruption import Interrupted

SENTENCES, ABLATED_SENTENCES = 1000, 200
"""How many are read, unless said otherwise: without taking heads away, and with."""


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What is asked for.

    `count`: sentences of the `split`, from the first on; None is as many as above. `output`: the
    figure's file, or a folder for it; its figures go beside it as CSV. `tensorboard`: whether the
    run's own log gets them as well.
    """

    split: str
    count: int | None
    ablate: bool
    sort: str | None
    output: Path | None
    suffix: str
    tensorboard: bool


def survey_heads(
    trained: LoadedRun, config: InferenceConfig, survey: Survey
) -> tuple[HeadReport, list[Path]]:
    """Measure every head of a run; returns what was found and the files that it is in.

    Raises:
        Interrupted: somebody asked for an end; what there was is written.
        AttnlabError: the model has no attention, or a file cannot be written.
        UsageError: there is no such split, or no such column to sort by.
    """
    require_attention(trained, "measure")
    require_column(survey.sort)
    output = _place(trained, survey)
    count = survey.count or (ABLATED_SENTENCES if survey.ablate else SENTENCES)
    pairs = choose_pairs(trained, survey.split, count)
    with counting("reading", len(pairs)) as advance:
        atlas = measure_atlas(trained, survey.split, pairs, advance)
    report = HeadReport(atlas, None, survey.sort)
    figure = _write(trained, report, output)  # what cannot be written is told before the long work
    ablation: Ablation | None = None
    if survey.ablate:
        ablation = ablate(trained, config, pairs, [each.head for each in atlas.heads])
        report = HeadReport(atlas, ablation, survey.sort)
        figure = _write(trained, report, output)
    table = _table_beside(output)
    if survey.tensorboard:
        record_atlas(trained.run, config.checkpoint, atlas, ablation, figure)
    if ablation is not None and ablation.signal_number is not None:
        raise Interrupted(
            ablation.signal_number,
            f"stopped after {len(ablation.heads)} of {len(atlas.heads)} heads; what was measured "
            f"is in {output} and {table}",
        )
    return report, [output, table]


def _write(trained: LoadedRun, report: HeadReport, output: Path) -> Figure:
    """Draw the overview into `output`, and write all figures beside it."""
    figure = draw_heads(report.atlas, report.ablation, trained.described)
    save_figure(figure, output)
    rows = report.rows()
    write_csv(_table_beside(output), list(rows[0]), (list(row.values()) for row in rows))
    return figure


def _table_beside(figure: Path) -> Path:
    return figure.with_suffix(".csv")


def _place(trained: LoadedRun, survey: Survey) -> Path:
    """The figure's file; refused before the work."""
    output = survey.output
    if output is not None and output.suffix.lower() == ".csv" and not output.is_dir():
        raise UsageError(f"--output {output} names the figure; its CSV is written beside it")
    return figure_place(output, trained.run.plots, f"heads{survey.suffix}")
