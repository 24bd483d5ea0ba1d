"""The app's name for Django."""

from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    """Projects."""

    name = "projects"
    default_auto_field = "django.db.models.BigAutoField"
