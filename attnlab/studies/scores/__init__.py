"""`attnlab scores`: scoring functions and normalisers compared on toy inputs and by cost."""
