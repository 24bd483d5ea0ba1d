"""Addresses of comparisons, below a project's."""

from __future__ import annotations

from django.urls import path

from deployments.comparing import views

urlpatterns = [
    path("compare/", views.compare, name="compare"),
    path("compare/comparison.<slug:form>", views.file, name="compare-file"),
    path("environments/<slug:name>/live/", views.read_live, name="environment-live"),
]
