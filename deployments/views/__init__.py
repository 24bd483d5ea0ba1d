"""Pages about what is done: environments, plans, reviews, runs, rollback."""
