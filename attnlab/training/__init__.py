"""Training: what is minimised, by which steps, for how long, and what is kept of it."""
