"""Ids of the special tokens, the same in every vocabulary."""

PAD, UNKNOWN, BEGIN, END = SPECIAL = (0, 1, 2, 3)
