"""Figures from arrays and strings. Knows no model and no corpus."""
