"""Timelines: what happened in a project as lanes and as a list, in an environment, to a resource, and incidents."""
