"""Tells open pages what changed: rendered once per change, sent to the deployment's group, whoever listens."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Thread
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import connections

from deployments.following import News, news
from deployments.models import Deployment

logger = logging.getLogger(__name__)

Announce = Callable[..., None]
"""Called as announce(deployment_id=, first=, last=, logical_ids=) after a run's commit."""


def group(deployment_id: int) -> str:
    """The name of a deployment's listeners."""
    return f"deployment-{deployment_id}"


def run_changed(*, deployment_id: int, first: int, last: int, logical_ids: Collection[str] = ()) -> None:
    """Sends events `first` to `last` (and what came since) as fragments; called after their commit.

    `logical_ids` names the resources concerned; the events themselves say the same, so it is not needed here.
    """
    _send(deployment_id, news(deployment_id, after=first - 1))


@contextmanager
def in_background(announce: Announce = run_changed) -> Iterator[Announce]:
    """`announce` as a function that returns at once: a thread does the work, so that pages never hold up a run.

    What comes while it is busy is told together; everything has been told when the block ends.
    """
    waiting: SimpleQueue[dict[str, Any] | None] = SimpleQueue()

    def tell() -> None:
        news = waiting.get()
        while news is not None:
            more: dict[str, Any] | None = news
            while not waiting.empty() and (more := waiting.get()) is not None:
                news = {**more, "first": news["first"], "logical_ids": news["logical_ids"] | more["logical_ids"]}
            try:
                announce(**news)
            except Exception:  # a page that is not told catches up by number; the run must go on
                logger.warning("pages could not be told of events since %s", news["first"], exc_info=True)
            news = waiting.get() if more is not None else None
        connections.close_all()

    thread = Thread(target=tell, name="broadcasts", daemon=True)
    thread.start()
    try:
        yield lambda **news: waiting.put(news)
    finally:
        waiting.put(None)
        thread.join()


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
