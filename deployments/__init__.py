"""How what is wanted becomes true: plans, approvals, runs."""
