"""`attnlab explain`: one step of attention in numbers, as a worked example."""
