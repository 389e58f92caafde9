"""How long training has gone without an improvement, counted in validations.

Knows no metric: qualities are numbers of which more is better.
"""

from dataclasses import dataclass


@dataclass
class Patience:
    """Counts the validations in a row that did not improve upon the best before them.

    `best`: the quality that the next is held against, None before the first. `without`: how many
    validations there were since.
    """

    best: float | None = None
    without: int = 0

    def observe(self, quality: float, minimum_improvement: float) -> None:
        """Count a validation; only one more than `minimum_improvement` above `best` improves."""
        if self.best is None or quality > self.best + minimum_improvement:
            self.best, self.without = quality, 0
        else:
            self.without += 1
