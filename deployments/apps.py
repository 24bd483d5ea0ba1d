"""The app's name for Django."""

from django.apps import AppConfig


class DeploymentsConfig(AppConfig):
    """Deployments."""

    name = "deployments"
    default_auto_field = "django.db.models.BigAutoField"
