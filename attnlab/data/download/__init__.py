"""Download of corpora that attnlab does not ship."""

from attnlab.data.download.corpora import SOURCES, Source, get_corpus

__all__ = ["SOURCES", "Source", "get_corpus"]
