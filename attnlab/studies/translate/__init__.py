"""`attnlab translate`: files and streams of any length, a line for a line."""
