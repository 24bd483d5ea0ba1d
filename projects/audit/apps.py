"""The app's name for Django."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Audit."""

    name = "projects.audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"
