"""Schema of the index."""
