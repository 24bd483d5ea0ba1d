"""Addresses of how long records stay, of tags and of legal holds."""

from __future__ import annotations

from django.urls import path

from deployments.retaining import views

environment_patterns = [
    path("", views.retention, name="retention"),
    path("hold/", views.environment_hold, name="environment-hold"),
    path("lift/", views.environment_lift, name="environment-lift"),
]

record_patterns = [
    path("tag/", views.record_tag, name="record-tag"),
    path("hold/", views.record_hold, name="record-hold"),
    path("lift/", views.record_lift, name="record-lift"),
]
