"""Evaluation: figures for translations. Knows texts, no model."""
