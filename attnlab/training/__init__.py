"""Training: the loop, objective, optimisers, schedules, checkpoints, and several processes."""
