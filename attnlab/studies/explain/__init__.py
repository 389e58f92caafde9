"""`attnlab explain`: one attention step in numbers, as a worked example."""
