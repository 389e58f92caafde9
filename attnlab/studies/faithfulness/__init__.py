"""`attnlab heads --faithfulness`: whether attention weights explain the output of a run."""
