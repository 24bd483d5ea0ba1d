"""The app's name for Django."""

from django.apps import AppConfig


class ComparingConfig(AppConfig):
    """Comparing."""

    name = "deployments.comparing"
    label = "comparing"
    default_auto_field = "django.db.models.BigAutoField"
