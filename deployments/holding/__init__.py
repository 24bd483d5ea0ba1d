"""Holds: what automation does not bring to an environment until somebody resumes, and how a person says so."""
