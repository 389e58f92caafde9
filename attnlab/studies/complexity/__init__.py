"""`attnlab complexity`; long for formulas, layers and measurements of three architectures."""
