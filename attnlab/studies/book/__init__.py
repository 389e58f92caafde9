"""A run beside Dive into Deep Learning's own: its figures, its score, its four sentences."""
