"""Text on disk to sentence pairs, pieces and words. Knows nothing of models."""
