"""Every address of the application."""

from __future__ import annotations

urlpatterns: list[object] = []
