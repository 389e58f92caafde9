"""What training suggests to type next is what its run can do."""

import logging
from pathlib import Path

import pytest

from attnlab import launch
from attnlab.config import ExperimentConfig
from attnlab.run.folder import Run
from attnlab.support.schema import from_node
from attnlab.trainer.progress import Outcome, announce


@pytest.mark.parametrize(
    ("attends", "overrides", "suggested"),
    [
        (True, [], ["eval RUN --bleu", "plot-attention RUN"]),
        (False, [], ["eval RUN --bleu"]),
        (
            True,
            ["data=bitext", "data.train=x.tsv", "data.valid=y.tsv", "data.held_out_fraction=0"],
            ["eval RUN --bleu --split valid", "plot-attention RUN --split valid"],
        ),
    ],
)
def test_what_is_suggested_can_be_done(attends, overrides, suggested, caplog, capsys):
    config = from_node(ExperimentConfig, launch.compose(launch.TRAIN, overrides))
    run = Run(Path("runs/a/b"), config)
    with caplog.at_level(logging.INFO, "attnlab"):
        announce(Outcome(run, None, 8, 1.0, None, attends))
    lines = caplog.records[-1].getMessage().splitlines()
    ours = [line.strip() for line in lines if "attnlab " in line and "translate" not in line]
    assert ours == [f"attnlab {each.replace('RUN', 'runs/a/b')}" for each in suggested]
    assert capsys.readouterr().out.strip() == "runs/a/b"
