"""Optimisers by name. Importing this package registers them all."""

from attnlab.training.optimiser import adafactor, elementwise, muon
from attnlab.training.optimiser.interface import OPTIMISERS, OptimiserConfig, build_optimiser

__all__ = ["OPTIMISERS", "OptimiserConfig", "adafactor", "build_optimiser", "elementwise", "muon"]
