"""Texts cut into other pieces at random: BPE-dropout and subword regularisation."""
