"""`attnlab kernel-regression`; long for points, sweep, training and seven figures of its own."""
