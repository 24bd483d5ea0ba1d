"""What workers do for the history, told by beat."""

from __future__ import annotations

from celery import shared_task

from history import heads


@shared_task  # type: ignore[untyped-decorator]
def anchor_heads() -> None:
    """Adds to the second place what could not be written there before."""
    heads.anchor_all()


@shared_task  # type: ignore[untyped-decorator]
def mail_heads() -> None:
    """Sends where every chain ends."""
    heads.mail()
