"""Pages about what is wanted: projects, configuration, sources, members, environments."""
