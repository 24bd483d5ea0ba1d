"""What a deployment takes, beside the least it could take: `python -m benchmarks`."""
