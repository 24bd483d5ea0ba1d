"""Schema of the rows by which records are found."""
