"""`attnlab positions`: figures of positional encodings, by formula or as a run has learnt them."""
