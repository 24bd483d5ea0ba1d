"""Two looks at the same resources: which of them are otherwise now than when the certificate was sealed (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def changed_since(sealed: Mapping[str, Any], again: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The entries of `again` whose live digest or outcome is another than in `sealed`; both certificates as JSON."""
    if sealed["unread"] or again["unread"]:
        return []
    before = {entry["logicalId"]: entry for entry in sealed["entries"]}
    return [entry for entry in again["entries"] if _seen(entry) != _seen(before.get(entry["logicalId"], {}))]


def _seen(entry: Mapping[str, Any]) -> tuple[Any, Any]:
    return entry.get("outcome"), entry.get("liveDigest")
