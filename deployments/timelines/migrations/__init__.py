"""Schema of incidents."""
