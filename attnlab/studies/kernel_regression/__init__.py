"""Kernel regression from points to figures: the sweep of kernels and widths, and the training."""
