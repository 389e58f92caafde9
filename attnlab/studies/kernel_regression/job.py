"""One run of `attnlab kernel-regression`: sweep, training, figures and files of a folder."""

import json
import logging
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from attnlab import __version__
from attnlab.attention.kernel_regression import KernelRegression
from attnlab.jobs.job import job
from attnlab.plotting import Figure
from attnlab.plotting.saving import save_figure
from attnlab.run.folder import run_lock
from attnlab.studies.kernel_regression.config import KernelRegressionConfig
from attnlab.studies.kernel_regression.figures import sweep_figures, training_figures
from attnlab.studies.kernel_regression.points import REGRESSION_DATA, Points
from attnlab.studies.kernel_regression.regression import (
    best_fit,
    build_regression,
    measure,
    sweep,
    train_width,
)
from attnlab.studies.kernel_regression.report import RegressionReport, TrainedWidth
from attnlab.support.files import write_file
from attnlab.support.schema import from_node
from attnlab.trainer.tracking import Tracker

logger = logging.getLogger(__name__)

CONFIG = "kernel_regression.yaml"
"""The config in a run's folder; config.yaml would make it a translation run."""


def regression_job(node: DictConfig, suffix: str) -> RegressionReport:
    """Run the configuration in a new folder; figures are `suffix` files.

    Raises:
        UsageError: a setting is out of range.
        AttnlabError: points cannot be read, or the folder cannot be written to.
    """
    config = from_node(KernelRegressionConfig, node)
    points = REGRESSION_DATA.build(config.data, config.seed)
    values = OmegaConf.to_yaml(OmegaConf.create(asdict(config)))
    with job().new_folder(config.runs_root, config.name) as new, run_lock(new.path):
        write_file(new.path / CONFIG, f"attnlab: {__version__}\n{values}")
        with closing(Tracker(new.path)) as tracker:
            report = _Run(config, points, new.path, tracker, suffix).report()
        new.keep()
        return report


@dataclass
class _Run:
    """A run in progress; `files` are the figures written so far."""

    config: KernelRegressionConfig
    points: Points
    folder: Path
    tracker: Tracker
    suffix: str
    files: list[Path] = field(default_factory=list)

    def report(self) -> RegressionReport:
        config, points = self.config, self.points
        fits = sweep(points, config.kernels, config.widths, config.queries)
        before = self._gaussian()
        models = [self._gaussian() for _ in config.training.queries]
        trained = [
            self._train(model, queries)
            for model, queries in zip(models, config.training.queries, strict=True)
        ]
        noise = getattr(config.data, "noise", None)
        variance = None if noise is None else noise**2
        self._save(sweep_figures(points, config.queries, fits, variance, trained))
        if trained:
            self._save(training_figures(points, config.queries, trained, before, models))
        metrics = self.folder / "metrics.json"
        report = RegressionReport(
            folder=self.folder,
            data=config.data.name,
            points=len(points.outputs),
            inputs=points.input_names,
            formula=points.formula,
            noise_variance=variance,
            fits=fits,
            trained=trained,
            files=[*self.files, metrics],
        )
        write_file(metrics, json.dumps(report.as_json(), indent=2) + "\n")
        best = best_fit(fits)
        if best is not None and best.width is not None and len(config.widths) > 1:
            self._warn_of_limits(best.width)
        self.tracker.hyperparameters(asdict(config))
        if best is not None and best.errors.leave_one_out is not None:
            self.tracker.best(0, {"leave_one_out_error": best.errors.leave_one_out})
        self.tracker.finished()
        return report

    def _gaussian(self) -> KernelRegression:
        training = self.config.training
        return build_regression(
            self.points, "gaussian", training.width, by_dimension=training.by_dimension
        )

    def _train(self, model: KernelRegression, queries: str) -> TrainedWidth:
        """Train a width with every epoch logged, and measure its errors."""
        config, names = self.config, self.points.input_names
        epochs = []
        for epoch in train_width(model, queries, config.optimiser, config.training.epochs):
            epochs.append(epoch)
            several = len(epoch.widths) > 1
            widths = {
                f"{queries}/width/{name}" if several else f"{queries}/width": width
                for name, width in zip(names, epoch.widths, strict=False)
            }
            self.tracker.scalars(epoch.number, {f"{queries}/loss": epoch.loss, **widths})
        errors = measure(model, self.points, config.queries)
        return TrainedWidth(queries=queries, epochs=epochs, errors=errors)

    def _save(self, figures: Iterable[tuple[str, Figure]]) -> None:
        """Write figures as files and to TensorBoard."""
        for name, figure in figures:
            path = self.folder / f"{name}{self.suffix}"
            save_figure(figure, path)
            if path.suffix == ".png":
                self.tracker.picture(0, name, path.read_bytes())
            else:
                self.tracker.figure(0, name, figure)
            self.files.append(path)

    def _warn_of_limits(self, best: float) -> None:
        """Warn where the best width is the least or the greatest of those tried."""
        if best == min(self.config.widths):
            which, further = "narrowest", (best / 4, best / 2, best)
        elif best == max(self.config.widths):
            which, further = "widest", (best, best * 2, best * 4)
        else:
            return
        logger.warning(
            "the error is least at the %s width, %g; there may be better ones beyond it: "
            "'widths=[%s]'",
            *(which, best, ",".join(f"{width:g}" for width in further)),
        )
