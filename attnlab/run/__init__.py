"""A run's folder on disk, what it recorded, and a run loaded for use."""
