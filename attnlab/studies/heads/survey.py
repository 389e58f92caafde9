"""The survey of `attnlab heads`: measure heads, remove them, draw and write the results."""

import logging
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from torch.utils.tensorboard import summary as summaries
from torch.utils.tensorboard._utils import figure_to_image

from attnlab.config import InferenceConfig
from attnlab.plotting import Figure
from attnlab.plotting.saving import figure_place, save_figure
from attnlab.run.folder import Run
from attnlab.run.loaded import LoadedRun, require_attention, update_of_checkpoint
from attnlab.studies.heads.ablation import Ablation, ablate
from attnlab.studies.heads.atlas import HeadAtlas, choose_pairs, measure_atlas
from attnlab.studies.heads.measures import MEASURES
from attnlab.studies.heads.overview import draw_heads
from attnlab.studies.heads.report import HeadReport, require_column
from attnlab.support.console import counting
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.support.files import run_lock
from attnlab.support.table import write_csv
from attnlab.trainer.interruption import Interrupted
from attnlab.trainer.tracking import EventFile

logger = logging.getLogger(__name__)

SENTENCES, ABLATED_SENTENCES = 1000, 200
"""Default numbers of sentences, without and with ablation."""


@dataclass(frozen=True, kw_only=True)
class Survey:
    """Options of a survey.

    `count`: sentences of the `split`, from the first; None is the default. `output`: the figure's
    file, or a folder for it; the CSV is written beside it. `tensorboard`: whether the measures are
    also written to the run's event files.
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
    """Measure every head of a run; returns the report and the files that were written.

    Raises:
        Interrupted: a signal ended the ablation; what was measured until then is written.
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
    figure = _write(trained, report, output)  # fails before the long work
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
    """Draw the overview into `output`, and write all measures beside it as CSV."""
    figure = draw_heads(report.atlas, report.ablation, trained.described)
    save_figure(figure, output)
    rows = report.rows()
    write_csv(_table_beside(output), list(rows[0]), (list(row.values()) for row in rows))
    return figure


def _table_beside(figure: Path) -> Path:
    return figure.with_suffix(".csv")


def _place(trained: LoadedRun, survey: Survey) -> Path:
    """Path of the figure."""
    output = survey.output
    if output is not None and output.suffix.lower() == ".csv" and not output.is_dir():
        raise UsageError(f"--output {output} names the figure; its CSV is written beside it")
    return figure_place(output, trained.run.plots, f"heads{survey.suffix}")


def record_atlas(
    run: Run, checkpoint: str, atlas: HeadAtlas, ablation: Ablation | None, figure: Figure
) -> bool:
    """Write each head's measures and the overview to a new event file of the run's own folder.

    They are recorded at the update of the measured checkpoint. While another process trains in the
    folder nothing is written, since TensorBoard would follow the newer file and no longer read what
    training adds to its own. Returns whether it was done; if not, a warning says why.
    """
    update = update_of_checkpoint(run, checkpoint)
    try:
        with run_lock(run.folder), closing(EventFile(run.folder)) as events:
            for name, value in _scalars(atlas, ablation).items():
                events.add(summaries.scalar(name, value), update)  # type: ignore[no-untyped-call]
            pixels = figure_to_image(figure, close=False)  # type: ignore[no-untyped-call]
            name = f"heads_{atlas.split}/atlas"
            events.add(
                summaries.image(name, pixels, dataformats="CHW"),  # type: ignore[no-untyped-call]
                update,
            )
    except (AttnlabError, OSError) as error:
        logger.warning("heads are not written to TensorBoard: %s", error)
        return False
    return True


def _scalars(atlas: HeadAtlas, ablation: Ablation | None) -> dict[str, float]:
    """By tag, `heads_SPLIT_MEASURE/HEAD`, as in `heads_test_entropy/decoder.layer2.cross.head3`."""
    found = {}
    for each in atlas.heads:
        values = {name: getattr(each.measures, name) for name in MEASURES}
        if each.alignment is not None:
            values["alignment_error"] = each.alignment.counts.error_rate
            values["alignment_accuracy"] = each.alignment.counts.accuracy
        for name, value in values.items():
            if value is not None:
                found[f"heads_{atlas.split}_{name}/{each.head.name}"] = float(value)
    if ablation is not None:
        for ablated in ablation.heads:
            name = ablated.head.name
            found[f"heads_{atlas.split}_ablation_bleu/{name}"] = ablated.bleu.difference
            found[f"heads_{atlas.split}_ablation_loss/{name}"] = ablated.loss - ablation.loss
    return found
