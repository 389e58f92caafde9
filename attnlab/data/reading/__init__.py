"""Files of text to sentence pairs: formats, lines, columns."""
