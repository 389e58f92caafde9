"""`attnlab heads --faithfulness`; long for three tests of explanations and their baselines."""
