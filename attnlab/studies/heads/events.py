"""A run's heads in TensorBoard: one more event file of the run's own folder, so no other run.

It stands at the update of the checkpoint that was measured. While the run is being trained nothing
is written: TensorBoard would go on to the newer file, and no longer see what training adds to its
own. A training that goes on later begins a file of its own, as ever.
"""

import logging
from contextlib import closing

from torch.utils.tensorboard import summary as summaries
from torch.utils.tensorboard._utils import figure_to_image

from attnlab.plotting import Figure
from attnlab.run.folder import Run
from attnlab.run.metrics import update_of_checkpoint
from attnlab.studies.heads.ablation import Ablation
from attnlab.studies.heads.atlas import HeadAtlas
from attnlab.studies.heads.measures import FIGURES
from attnlab.support.errors import AttnlabError
from attnlab.support.run_lock import run_lock
from attnlab.trainer.events import EventFile

logger = logging.getLogger(__name__)


def record_atlas(
    run: Run, checkpoint: str, atlas: HeadAtlas, ablation: Ablation | None, figure: Figure
) -> bool:
    """Write each head's figures and the overview; whether that could be done.

    A folder that others train in, or that cannot be written to, is left alone, with a message.
    """
    update = update_of_checkpoint(run, checkpoint)
    try:
        with run_lock(run.folder), closing(EventFile(run.folder)) as events:
            for name, value in scalars(atlas, ablation).items():
                events.add(summaries.scalar(name, value), update)  # type: ignore[no-untyped-call]
            pixels = figure_to_image(figure, close=False)  # type: ignore[no-untyped-call]
            name = f"heads_{atlas.split}/atlas"
            events.add(
                summaries.image(name, pixels, dataformats="CHW"),  # type: ignore[no-untyped-call]
                update,
            )
    except (AttnlabError, OSError) as error:
        logger.warning("TensorBoard gets no figures of the heads: %s", error)
        return False
    return True


def scalars(atlas: HeadAtlas, ablation: Ablation | None) -> dict[str, float]:
    """By name, `heads_SPLIT_FIGURE/HEAD`, as in `heads_test_entropy/decoder.layer2.cross.head3`."""
    found = {}
    for each in atlas.heads:
        values = {name: getattr(each.figures, name) for name in FIGURES}
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
