"""Addresses of what happened."""

from __future__ import annotations

from django.urls import include, path

from history import audit_views, export_views, storage_views, views

urlpatterns = [
    path("people/history/", storage_views.storage, name="history-storage"),
    path("people/history/apply/", storage_views.apply, name="history-storage-apply"),
    path("projects/<slug:slug>/records/<slug:deployment_id>/restore/", storage_views.restore, name="record-restore"),
    path("projects/<slug:slug>/audit/verification/", audit_views.verification, name="audit-verification"),
    path("projects/<slug:slug>/report/", include("history.compliance.urls")),
    path("projects/<slug:slug>/records/<slug:deployment_id>/", views.record, name="record"),
    path("projects/<slug:slug>/records/<slug:deployment_id>/verification/", views.verification, name="verification"),
    path(
        "projects/<slug:slug>/records/<slug:deployment_id>/archive.zip",
        export_views.record_archive,
        name="record-archive",
    ),
    path(
        "projects/<slug:slug>/environments/<slug:name>/history.zip",
        export_views.environment_archive,
        name="environment-archive",
    ),
    path("projects/<slug:slug>/records/<slug:deployment_id>/files/<path:name>", views.file, name="record-file"),
]
