"""Attention: scores, normalisers, positions, pooling, heads, recording and intervention.

Read in this order: scores, normalisers, pooling, multihead, positions, recording.
"""
