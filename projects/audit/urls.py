"""Addresses of the audit log."""

from __future__ import annotations

from django.urls import path, re_path

from projects.audit import views

urlpatterns = [
    path("audit/", views.installation_log, name="installation-audit"),
    path("audit/verification/", views.verification, name="installation-audit-verification"),
    re_path(r"^audit/export\.(?P<kind>csv|json)$", views.export, name="installation-audit-export"),
    path("projects/<slug:slug>/audit/", views.project_log, name="audit"),
    path("projects/<slug:slug>/audit/keeping/", views.keeping, name="audit-keeping"),
    re_path(r"^projects/(?P<slug>[-a-zA-Z0-9_]+)/audit/export\.(?P<kind>csv|json)$", views.export, name="audit-export"),
]
