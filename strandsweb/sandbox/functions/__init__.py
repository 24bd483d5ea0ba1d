"""Lambda functions that really run: their code in child processes, their words in CloudWatch Logs."""
