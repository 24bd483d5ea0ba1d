"""Settings: `base` for all, `embedded` with defaults for everything, `production` that refuses insecure values."""
