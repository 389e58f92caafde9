"""A corpus as token ids: made once, kept in files, dealt in batches. Knows nothing of models."""
