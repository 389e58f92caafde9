"""Points to fit a curve to: drawn from a known function, or read from a file."""

from attnlab.studies.kernel_regression import csv_points, curves
from attnlab.studies.kernel_regression.points import REGRESSION_DATA, Points, RegressionDataConfig

__all__ = ["REGRESSION_DATA", "Points", "RegressionDataConfig", "csv_points", "curves"]
