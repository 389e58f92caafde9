"""`attnlab explain`: one step in numbers; long for every score’s terms and for exact rounding."""
