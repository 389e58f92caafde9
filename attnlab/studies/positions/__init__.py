"""`attnlab positions`; long for figures of six encodings, by formula or as a run learnt them."""
