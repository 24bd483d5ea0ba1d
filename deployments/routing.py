"""Which socket address leads where."""

from __future__ import annotations

websocket_urlpatterns: list[object] = []
