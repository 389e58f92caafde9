"""Measures of every attention head; long for its tables, JSON, CSV, TensorBoard and figure."""
