"""Attention itself, from one score to many heads. Knows no model, no words and no training.

Read in this order: score, pooling, multihead, positions, recording; dropout is by the way.
"""
