"""Certificates: what a rollback restored: read back after its run, sealed into its record, read again on request."""
