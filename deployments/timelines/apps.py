"""The app's name for Django."""

from django.apps import AppConfig


class TimelinesConfig(AppConfig):
    """Timelines."""

    name = "deployments.timelines"
    label = "timelines"
    default_auto_field = "django.db.models.BigAutoField"
