"""A corpus described: gathered, judged, and drawn on the terminal, each in a file of its own."""
