"""Imported last by the server of tests/warm.py: what it holds by then is garbage to no process."""

import gc

gc.collect()
gc.freeze()
