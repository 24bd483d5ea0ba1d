"""The app's name for Django."""

from django.apps import AppConfig


class TellingConfig(AppConfig):
    """Telling."""

    name = "deployments.telling"
    label = "telling"
    default_auto_field = "django.db.models.BigAutoField"
