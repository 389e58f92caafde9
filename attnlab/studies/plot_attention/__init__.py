"""Figures of attention maps."""
