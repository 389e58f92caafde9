"""The atlas of a run's heads: their figures, what each costs, and where both are written."""
