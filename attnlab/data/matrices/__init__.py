"""Matrices from files, and those that the chapter begins with. Knows no attention, only numbers."""
