"""What people said of a plan, as its record keeps it, in words (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Said(StrEnum):
    """What it was; the value completes "somebody ..."."""

    APPROVED = "approved"
    REJECTED = "rejected"
    FREEZE = "let it pass a freeze"
    HOLD = "let it pass a hold"
    EMERGENCY = "deployed without approval, in an emergency"


def what(said: Mapping[str, Any]) -> Said:
    """Which of them an entry of `approvals.json` is."""
    if said.get("emergency"):
        return Said.EMERGENCY
    if said.get("freeze"):
        return Said.FREEZE
    if said.get("hold"):
        return Said.HOLD
    return Said.APPROVED if said["approved"] else Said.REJECTED


def sentence(said: Mapping[str, Any]) -> str:
    """Who said what when, and on which ground."""
    reason = f" “{said['freeze']}”" if said.get("freeze") else ""
    grounds = [
        f"the plan {said['planDigest'][:12]}",
        f"under protection {said['protection']}" if said.get("protection") else "",
        f"having seen the page {said['saw'][:12]}" if said.get("saw") else "",
        f"with a second factor shown {moment(said['factorAt'])}" if said.get("factorAt") else "",
        f"valid until {moment(said['expiresAt'])}" if said.get("expiresAt") else "",
    ]
    who, when = said["actor"]["name"], moment(said["time"])
    return f"{who} {what(said)}{reason}, {when}: {', '.join(filter(None, grounds))}."


def moment(text: str) -> str:
    """`2025-11-19 10:30:00 UTC`, from ISO 8601 in UTC."""
    return f"{text[:10]} {text[11:19]} UTC"
