"""The app's name for Django."""

from django.apps import AppConfig


class HoldingConfig(AppConfig):
    """Holding."""

    name = "deployments.holding"
    label = "holding"
    default_auto_field = "django.db.models.BigAutoField"
