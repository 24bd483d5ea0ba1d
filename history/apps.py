"""The app's name for Django."""

from django.apps import AppConfig


class HistoryConfig(AppConfig):
    """History."""

    name = "history"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Adds to what `check --deploy` looks at."""
        import history.checks  # noqa: F401 - registers itself
