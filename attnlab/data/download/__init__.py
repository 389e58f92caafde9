"""Corpora that attnlab knows but does not ship: whence, and how they are got whole or not at all.

Knows nothing of what is in their files.
"""

from attnlab.data.download.getting import get_corpus
from attnlab.data.download.sources import SOURCES, Source

__all__ = ["SOURCES", "Source", "get_corpus"]
