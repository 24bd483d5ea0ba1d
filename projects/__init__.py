"""Who, where and what is wanted: projects, members, environments, configurations, source bundles."""
