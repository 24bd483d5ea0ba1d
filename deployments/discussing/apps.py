"""The app's name for Django."""

from django.apps import AppConfig


class DiscussingConfig(AppConfig):
    """Discussing."""

    name = "deployments.discussing"
    label = "discussing"
    default_auto_field = "django.db.models.BigAutoField"
