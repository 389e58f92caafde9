"""What compilation is to leave alone is left alone, and costs nobody torch's compiler before."""

import subprocess
import sys

import torch
from torch import nn

from attnlab.models.interface import respect_uncompiled, uncompiled
from tests.runs import REPOSITORY, environment

PLOT = "attnlab.studies.plot_attention.plot"  # with models, drawing and a loaded run


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.seen = []

    @uncompiled
    def plain(self, x):
        self.seen.append(torch.compiler.is_compiling())
        return x + 1

    def forward(self, x):
        return 2 * self.plain(x)


def test_a_marked_method_runs_as_it_is_written_again_and_again():
    respect_uncompiled(Counting())
    respect_uncompiled(Counting())
    model = Counting()
    compiled = torch.compile(model, backend="eager")
    for number in (1.0, 2.0):
        assert compiled(torch.tensor(number)) == 2 * (number + 1)
    assert model.seen == [False, False]
    assert torch.equal(Counting()(torch.tensor(3.0)), torch.tensor(8.0))


def test_the_compiler_is_not_imported_before_it_is_asked_for():
    loaded = subprocess.run(
        [sys.executable, "-c", f"import sys, {PLOT}; print(*sys.modules)"],
        cwd=REPOSITORY,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert {"torch", "attnlab.models.transformer"} <= set(loaded)
    needless = {"torch._dynamo", "sympy", "tensorboard", "pandas", "scipy"}
    assert not needless & set(loaded)
