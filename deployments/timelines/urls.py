"""Addresses of what happened in a project."""

from __future__ import annotations

from django.urls import path

from deployments.timelines import api, incident_views, views

urlpatterns = [
    path("history/", views.timeline, name="timeline"),
    path(
        "environments/<slug:name>/resources/<path:logical_id>/history/", views.resource_history, name="resource-history"
    ),
    path("incidents/", incident_views.incidents, name="incidents"),
    path("incidents/<int:pk>/", incident_views.incident, name="incident"),
    path("incidents/<int:pk>/close/", incident_views.close, name="incident-close"),
]

api_patterns = [
    path("incidents", api.of_project, name="api-incidents"),
    path("incidents/<slug:incident>", api.one, name="api-incident"),
    path("environments/<slug:environment>/incidents", api.of_environment, name="api-environment-incidents"),
]
