"""A whole project as one archive, and such an archive as a project of another installation."""
