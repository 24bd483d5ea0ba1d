"""How long an environment's records stay: its policy, what else still needs one, and what goes with it."""
