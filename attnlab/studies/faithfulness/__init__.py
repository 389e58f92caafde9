"""`attnlab heads --faithfulness`: do the weights of a run explain what it says?"""
