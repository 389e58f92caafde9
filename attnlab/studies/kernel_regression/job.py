"""One job of `attnlab kernel-regression`: sweep, train, and write down all that was found."""

import json
import logging
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from attnlab import __version__, launch
from attnlab.attention.kernel_regression import KernelRegression
from attnlab.plotting import Figure
from attnlab.plotting.saving import save_figure
from attnlab.studies.kernel_regression.config import KernelRegressionConfig
from attnlab.studies.kernel_regression.figures import Drawing
from attnlab.studies.kernel_regression.points_registry import REGRESSION_DATA, Points
from attnlab.studies.kernel_regression.report import RegressionReport, TrainedWidth
from attnlab.studies.kernel_regression.sweep import best_fit, measure, regression, sweep
from attnlab.studies.kernel_regression.training import train_width
from attnlab.support.files import write_file
from attnlab.support.run_lock import run_lock
from attnlab.support.schema import from_node
from attnlab.trainer.tracking import Tracker

logger = logging.getLogger(__name__)

CONFIG = "kernel_regression.yaml"
"""The config in a run's folder; no config.yaml, which would make it a translator's run."""


def regression_job(node: DictConfig, suffix: str) -> RegressionReport:
    """Do what the config says, into a folder of its own; figures as `suffix` files.

    Raises:
        UsageError: a setting that cannot be.
        AttnlabError: points that cannot be read, or a folder that cannot be written to.
    """
    config = from_node(KernelRegressionConfig, node)
    points = REGRESSION_DATA.build(config.data, config.seed)
    values = OmegaConf.to_yaml(OmegaConf.create(asdict(config)))
    with launch.job().new_folder(config.runs_root, config.name) as new, run_lock(new.path):
        folder = new.path
        write_file(folder / CONFIG, f"attnlab: {__version__}\n{values}")
        with closing(Tracker(folder)) as tracker:
            report = _Run(config, points, folder, tracker, suffix).report()
        new.keep()
        return report


class _Run:
    """A run that goes on: its points, its folder, and the figures that it has written."""

    def __init__(
        self,
        config: KernelRegressionConfig,
        points: Points,
        folder: Path,
        tracker: Tracker,
        suffix: str,
    ) -> None:
        self._config = config
        self._points = points
        self._folder = folder
        self._tracker = tracker
        self._suffix = suffix
        self._drawing = Drawing(points, config.queries)
        self._files: list[Path] = []

    def report(self) -> RegressionReport:
        config, points = self._config, self._points
        fits = sweep(points, config.kernels, config.widths, config.queries)
        before = self._gaussian()
        trained, models = [], []
        for queries in config.training.queries:
            model = self._gaussian()
            trained.append(self._train(model, queries))
            models.append(model)
        noise = getattr(config.data, "noise", None)
        variance = None if noise is None else noise**2
        self._save(self._drawing.sweep(fits, variance, trained))
        if trained:
            self._save(self._drawing.training(trained, before, models))
        metrics = self._folder / "metrics.json"
        report = RegressionReport(
            folder=self._folder,
            data=config.data.name,
            points=len(points.outputs),
            inputs=points.input_names,
            formula=points.formula,
            noise_variance=variance,
            fits=fits,
            trained=trained,
            files=[*self._files, metrics],
        )
        write_file(metrics, json.dumps(report.as_json(), indent=2) + "\n")
        best = best_fit(fits)
        if best is not None and best.width is not None and len(config.widths) > 1:
            self._warn_at_an_end(best.width)
        self._tracker.hyperparameters(asdict(config))
        if best is not None and best.errors.leave_one_out is not None:
            self._tracker.best(0, {"leave_one_out_error": best.errors.leave_one_out})
        self._tracker.finished()
        return report

    def _gaussian(self) -> KernelRegression:
        training = self._config.training
        return regression(
            self._points, "gaussian", training.width, by_dimension=training.by_dimension
        )

    def _train(self, model: KernelRegression, queries: str) -> TrainedWidth:
        """Train a width, each epoch told to metrics.jsonl and TensorBoard, and measure it."""
        config, names = self._config, self._points.input_names
        epochs = []
        for epoch in train_width(model, queries, config.optimiser, config.training.epochs):
            epochs.append(epoch)
            several = len(epoch.widths) > 1
            widths = {
                f"{queries}/width/{name}" if several else f"{queries}/width": width
                for name, width in zip(names, epoch.widths, strict=False)
            }
            self._tracker.scalars(epoch.number, {f"{queries}/loss": epoch.loss, **widths})
        errors = measure(model, self._points, config.queries)
        return TrainedWidth(queries=queries, epochs=epochs, errors=errors)

    def _save(self, figures: Iterable[tuple[str, Figure]]) -> None:
        """Write the figures, as files and to TensorBoard."""
        for name, figure in figures:
            path = self._folder / f"{name}{self._suffix}"
            save_figure(figure, path)
            self._tracker.figure(0, name, figure)
            self._files.append(path)

    def _warn_at_an_end(self, best: float) -> None:
        """Say that the least error may lie beyond the widths that were tried."""
        least, most = min(self._config.widths), max(self._config.widths)
        if best in (least, most):
            logger.warning(
                "the error is least at the %s width, %g; there may be better ones beyond it: "
                "'widths=[%s]'",
                "narrowest" if best == least else "widest",
                best,
                f"{best / 4:g},{best / 2:g},{best:g}"
                if best == least
                else f"{best:g},{best * 2:g},{best * 4:g}",
            )
