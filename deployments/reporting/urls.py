"""Addresses of reports of one deployment."""

from __future__ import annotations

from django.urls import path

from deployments.reporting import views

urlpatterns = [
    path("report.pdf", views.paper, name="record-report"),
    path("report.json", views.data, name="record-document"),
]
