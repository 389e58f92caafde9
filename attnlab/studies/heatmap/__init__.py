"""A matrix of a file as a heatmap, and the four kinds of attention weights."""
