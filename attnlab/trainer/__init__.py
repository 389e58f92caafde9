"""One run's training, from its config to its last checkpoint."""
