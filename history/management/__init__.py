"""What an operator can ask of the history from the shell."""
