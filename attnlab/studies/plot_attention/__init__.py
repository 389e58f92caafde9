"""Figures of attention: which maps are drawn, how they are put together, where they go."""
