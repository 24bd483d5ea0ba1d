"""Who people are: how they sign in, how they come into a project, and what acts in their name."""
