"""Bringing releases from environment to environment: what would happen, and which one is where."""
