"""Inspection of a model: forced decoding, attention maps, and figures of them."""
