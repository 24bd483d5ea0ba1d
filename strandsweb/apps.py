"""The app's name for Django; every Django process knows our Celery application from here on."""

from __future__ import annotations

from django.apps import AppConfig


class StrandswebConfig(AppConfig):
    """The house."""

    name = "strandsweb"

    def ready(self) -> None:
        """Makes our Celery application the current one: without it a web process would look for another broker."""
        import strandsweb.celery  # noqa: F401 - settings are complete only now
