"""Moments as texts in addresses and forms; all that is kept and compared is UTC (pure)."""

from __future__ import annotations

from datetime import UTC, datetime


def parse(text: str) -> datetime | None:
    """`2026-11-20T10:30Z`, with seconds or any offset, or without one, which is UTC; None for anything else."""
    day, _, time = text.strip().partition(" " if text.strip()[10:11] == " " else "T")
    try:
        moment = datetime.fromisoformat(f"{day}T{time.replace(' ', '+')}")  # a plus in an address arrives as a blank
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def written(moment: datetime) -> str:
    """For addresses: as short as it can be without being another moment."""
    moment = moment.astimezone(UTC)
    unit = "microseconds" if moment.microsecond else "seconds" if moment.second else "minutes"
    return moment.isoformat(timespec=unit).replace("+00:00", "Z")
