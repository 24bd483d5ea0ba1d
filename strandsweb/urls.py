"""Every address of the application."""

from __future__ import annotations

from django.urls import path

from strandsweb import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
