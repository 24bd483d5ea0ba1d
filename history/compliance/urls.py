"""Addresses of the compliance report."""

from __future__ import annotations

from django.urls import path

from history.compliance import views

urlpatterns = [
    path("", views.compliance, name="compliance"),
    path("verification/", views.verification, name="compliance-verification"),
    path("report.pdf", views.paper, name="compliance-paper"),
    path("runs.csv", views.table, name="compliance-runs"),
]
