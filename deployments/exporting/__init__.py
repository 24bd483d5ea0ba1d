"""A deployed environment as files for other tools: CloudFormation templates, import files, a CDK app, the state."""
