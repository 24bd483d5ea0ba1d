"""Which socket address leads where."""

from __future__ import annotations

from django.urls import path

from deployments.consumers import DeploymentConsumer

websocket_urlpatterns = [
    path("ws/projects/<slug:slug>/deployments/<str:public_id>/", DeploymentConsumer.as_asgi(), name="deployment-socket"),
]
