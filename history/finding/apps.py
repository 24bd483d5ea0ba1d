"""The app's name for Django."""

from django.apps import AppConfig


class FindingConfig(AppConfig):
    """Finding records."""

    name = "history.finding"
    label = "finding"
    default_auto_field = "django.db.models.BigAutoField"
