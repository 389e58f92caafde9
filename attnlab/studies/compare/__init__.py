"""Runs side by side: what they scored, which settings differ, and whether that was chance."""
