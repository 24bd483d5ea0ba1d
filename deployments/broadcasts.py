"""Tells open pages what changed: rendered once per change, sent to the deployment's group, whoever listens."""

from __future__ import annotations

from collections.abc import Collection

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from deployments.following import News, news
from deployments.models import Deployment


def group(deployment_id: int) -> str:
    """The name of a deployment's listeners."""
    return f"deployment-{deployment_id}"


def run_changed(*, deployment_id: int, first: int, last: int, logical_ids: Collection[str] = ()) -> None:
    """Sends events `first` to `last` (and what came since) as fragments; called after their commit.

    `logical_ids` names the resources concerned; the events themselves say the same, so it is not needed here.
    """
    _send(deployment_id, news(deployment_id, after=first - 1))


def deployment_changed(*, deployment_id: int) -> None:
    """Lets pages look whether the deployment is in another phase (approved, queued, discarded ...)."""
    last = Deployment.objects.values_list("last_event", flat=True).get(pk=deployment_id)
    _send(deployment_id, news(deployment_id, after=last))


def _send(deployment_id: int, told: News) -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    message = {
        "type": "relay",
        "after": told.after,
        "last": told.last,
        "phase": told.phase,
        "mark": told.mark,
        "html": told.html,
    }
    async_to_sync(layer.group_send)(group(deployment_id), message)
