"""Channels come, change and go, each with its entry in the audit log; addresses and keys are in none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.urls import reverse

from deployments.telling import webhook
from deployments.telling.addresses import check
from deployments.telling.models import Channel, Delivery, Kind
from deployments.telling.notices import Notice
from deployments.telling.occasions import Occasion
from deployments.telling.telling import write
from projects.audit import writing
from projects.audit.deeds import Deed
from projects.models import Project, User


def add(
    *, project: Project, actor: User, name: str, kind: str, address: str, occasions: Sequence[str]
) -> tuple[Channel, str]:
    """The channel, and a webhook's signing key, which is shown now and never again."""
    channel = Channel(project=project, name=name, kind=kind, host=check(address), made_by_text=actor.text)
    channel.address, channel.occasions = address, list(occasions)
    key = webhook.new_secret() if kind == Kind.WEBHOOK else ""
    if key:
        channel.secret = key
    with transaction.atomic():
        channel.save(force_insert=True)
        _write_down(Deed.CHANNEL_ADDED, channel, actor, {"after": _facts(channel)})
    return channel, key


def change(*, channel: Channel, actor: User, name: str, address: str, occasions: Sequence[str]) -> None:
    """Another name or choice, and another address where one is given."""
    with transaction.atomic():
        channel = Channel.objects.select_for_update().select_related("project").get(pk=channel.pk)
        before = _facts(channel)
        channel.name, channel.occasions = name, list(occasions)
        if address:
            channel.address, channel.host = address, check(address)
        channel.save()
        detail: dict[str, Any] = dict(writing.changed(before, _facts(channel)))
        if address:
            detail["address"] = "replaced"
        if detail:
            _write_down(Deed.CHANNEL_CHANGED, channel, actor, detail)


def remove(*, channel: Channel, actor: User) -> None:
    """It is told nothing any more; what it was told stays in the log."""
    with transaction.atomic():
        _write_down(Deed.CHANNEL_REMOVED, channel, actor, {"before": _facts(channel)})
        channel.delete()


def test(*, channel: Channel, actor: User) -> list[Delivery]:
    """Sends it a message that says it is a test."""
    notice = Notice(
        occasion=Occasion.TEST,
        environment="",
        deployment="",
        actor_text=actor.text,
        title=f"A test of notifications: {channel.project.slug}",
        text=f"{actor.text} asked for it. If you can read this, the channel works.",
        path=reverse("notifications", args=[channel.project.slug]),
    )
    with transaction.atomic():
        _write_down(Deed.CHANNEL_TESTED, channel, actor, {})
        return write(notice, project=channel.project, channels=[channel])


def _facts(channel: Channel) -> dict[str, Any]:
    return {"name": channel.name, "kind": channel.kind, "host": channel.host, "occasions": sorted(channel.occasions)}


def _write_down(deed: Deed, channel: Channel, actor: User, detail: dict[str, Any]) -> None:
    writing.write(deed, actor=actor, project=channel.project, target_type="channel", target=channel.name, detail=detail)
