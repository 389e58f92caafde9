"""Search for translations over token ids, for any model. Importing it registers the searches."""

from attnlab.search import beam, single  # in the order of tables
from attnlab.search.constraints import NEVER_CHOSEN
from attnlab.search.interface import SEARCHES, Hypothesis, Search, SearchConfig

__all__ = [
    "NEVER_CHOSEN",
    "SEARCHES",
    "Hypothesis",
    "Search",
    "SearchConfig",
    "beam",
    "single",
]
