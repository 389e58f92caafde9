"""A run's folder on disk, its metrics, and a run loaded for use."""
