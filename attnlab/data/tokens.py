"""The token ids that stand for no word, the same in every vocabulary."""

PAD, UNKNOWN, BEGIN, END = SPECIAL = (0, 1, 2, 3)
