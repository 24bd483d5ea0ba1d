"""The app's name for Django."""

from django.apps import AppConfig


class CertificatesConfig(AppConfig):
    """Certificates."""

    name = "deployments.certificates"
    label = "certificates"
    default_auto_field = "django.db.models.BigAutoField"
