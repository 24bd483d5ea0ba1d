"""Every address of the application."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import include, path

from strandsweb import health, views

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in/", views.SignIn.as_view(), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("", include("projects.urls")),
    path("", include("deployments.urls")),
    path("", include("history.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
