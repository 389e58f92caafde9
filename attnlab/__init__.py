"""attnlab: a bench for attention. Train, score and look inside small translation models."""

__version__ = "0.1.0"
