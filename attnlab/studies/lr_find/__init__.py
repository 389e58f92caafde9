"""The learning-rate range test (Smith 2017): which rates a model learns with."""
