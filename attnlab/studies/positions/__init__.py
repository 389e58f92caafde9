"""The figures of how positions are told, from formulas or as a run has learnt them."""
