"""The survey of `attnlab heads`: measure heads, remove them, draw and write the results."""

import logging
from contextlib import closing
from pathlib import Path

from torch.utils.tensorboard import summary as summaries
from torch.utils.tensorboard._utils import figure_to_image

from attnlab.config import InferenceConfig
from attnlab.evaluate.atlas import HeadAtlas, choose_pairs, measure_atlas
from attnlab.evaluate.head_measures import MEASURES
from attnlab.plotting import Figure
from attnlab.plotting.saving import figure_place, save_figure
from attnlab.run.folder import Run, run_lock
from attnlab.run.loaded import LoadedRun, require_attention, update_of_checkpoint
from attnlab.studies.heads.ablation import Ablation, ablate_heads
from attnlab.studies.heads.overview import draw_heads
from attnlab.studies.heads.report import HeadReport, require_column
from attnlab.support.console import counting
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.support.interruption import Interrupted
from attnlab.support.table import write_csv
from attnlab.trainer.tracking import EventFile

logger = logging.getLogger(__name__)

SENTENCES, ABLATED_SENTENCES = 1000, 200
"""Default numbers of sentences, without and with ablation."""


def survey_heads(
    trained: LoadedRun,
    config: InferenceConfig,
    *,
    split: str,
    count: int | None,
    ablate: bool,
    sort: str | None,
    output: Path | None,
    suffix: str,
    tensorboard: bool,
) -> tuple[HeadReport, list[Path]]:
    """Measure every head of a run; returns the report and the files that were written.

    Args:
        trained: The run.
        config: Search of an ablation.
        split: Whose references are read.
        count: Sentences, from the first; by default 1,000, or 200 with `ablate`.
        ablate: Measure the model without each head, too.
        sort: Column to sort tables by.
        output: The figure's file, or a folder for it; the CSV is written beside it.
        suffix: Of the figure where `output` is no file.
        tensorboard: Also write to the run's event files.

    Raises:
        Interrupted: A signal ended the ablation; what was measured until then is written.
        AttnlabError: The model has no attention, or a file cannot be written.
        UsageError: There is no such split, or no such column to sort by.
    """
    require_attention(trained, "measure")
    require_column(sort)
    if output is not None and output.suffix.lower() == ".csv" and not output.is_dir():
        raise UsageError(f"--output {output} names the figure; its CSV is written beside it")
    output = figure_place(output, trained.run.plots, f"heads{suffix}")
    table = output.with_suffix(".csv")

    def write(report: HeadReport) -> Figure:
        figure = draw_heads(report.atlas, report.ablation, trained.described)
        save_figure(figure, output)
        rows = report.rows()
        write_csv(table, list(rows[0]), (list(row.values()) for row in rows))
        return figure

    pairs = choose_pairs(trained, split, count or (ABLATED_SENTENCES if ablate else SENTENCES))
    with counting("reading", len(pairs)) as advance:
        atlas = measure_atlas(trained, split, pairs, advance)
    report = HeadReport(atlas, None, sort)
    figure = write(report)  # fails before the long work
    ablation: Ablation | None = None
    if ablate:
        ablation = ablate_heads(trained, config, pairs, [each.head for each in atlas.heads])
        report = HeadReport(atlas, ablation, sort)
        figure = write(report)
    if tensorboard:
        record_atlas(trained.run, config.checkpoint, atlas, ablation, figure)
    if ablation is not None and ablation.signal_number is not None:
        raise Interrupted(
            ablation.signal_number,
            f"stopped after {len(ablation.heads)} of {len(atlas.heads)} heads; what was measured "
            f"is in {output} and {table}",
        )
    return report, [output, table]


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
