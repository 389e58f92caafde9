"""Self-contained page to explore attention in a browser."""
