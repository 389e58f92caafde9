"""Attention in the browser: one self-contained page to play with. Arrays and strings in."""
