"""What deployments add to the template language."""
