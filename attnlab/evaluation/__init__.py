"""Measures of texts, links and layers: metrics, alignment, significance, benchmarks."""
