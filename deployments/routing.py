"""Which socket address leads where."""

from __future__ import annotations

from django.urls import path

from deployments.consumers import DeploymentConsumer

websocket_urlpatterns = [
    path("ws/projects/<slug:slug>/deployments/<slug:public_id>/", DeploymentConsumer.as_asgi()),
]
