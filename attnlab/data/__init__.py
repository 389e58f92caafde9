"""Text on disk to sentence pairs, and sentences to pieces and words. Knows nothing of models."""
