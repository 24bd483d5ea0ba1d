"""Addresses of what happened."""

from __future__ import annotations

from django.urls import path

from history import audit_views, views

urlpatterns = [
    path("projects/<slug:slug>/audit/verification/", audit_views.verification, name="audit-verification"),
    path("projects/<slug:slug>/history/", views.timeline, name="timeline"),
    path("projects/<slug:slug>/compare/", views.compare, name="compare"),
    path("projects/<slug:slug>/records/<slug:deployment_id>/", views.record, name="record"),
    path("projects/<slug:slug>/records/<slug:deployment_id>/verification/", views.verification, name="verification"),
    path("projects/<slug:slug>/records/<slug:deployment_id>/files/<path:name>", views.file, name="record-file"),
]
