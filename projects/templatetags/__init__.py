"""What projects add to the template language."""
