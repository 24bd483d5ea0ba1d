"""The app's name for Django."""

from django.apps import AppConfig


class HistoryConfig(AppConfig):
    """History."""

    name = "history"
    default_auto_field = "django.db.models.BigAutoField"
