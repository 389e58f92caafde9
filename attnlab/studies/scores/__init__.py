"""`attnlab scores`: scoring functions and normalisers side by side, on toy inputs and by cost."""
