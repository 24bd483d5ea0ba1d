"""What a period of deployments comes to, for people who answer for it: from records and the audit log alone."""
