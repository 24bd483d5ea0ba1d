"""Letting records go, environment by environment; for the daily task, the command and the preview of both."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime

from deployments.retaining.forgetting import forget
from deployments.retaining.needed import needed
from history import expiring
from history.chain import ChainBroken
from history.expiring import Expired
from history.retention import Verdict
from history.store import StoreError
from projects.models import Environment

log = logging.getLogger(__name__)


def expire_all(
    now: datetime, project: str | None = None, environment: str | None = None
) -> Iterator[tuple[Environment, Expired]]:
    """Lets go what every environment's policy lets go; trouble in one of them does not keep the others."""
    for place in places(project, environment):
        try:
            done = expiring.expire(place, needed=needed(place), forget=forget, now=now)
        except (StoreError, ChainBroken) as error:
            log.error("the records of %s do not expire: %s", place, error)
            done = Expired(trouble=(str(error),))
        yield place, done


def preview(place: Environment, now: datetime) -> list[Verdict]:
    """What the policy in force would do now, newest first; nothing where there is none."""
    policy = expiring.policy_of(place)
    return expiring.verdicts(place, policy, needed(place), now) if policy else []


def places(project: str | None = None, environment: str | None = None) -> Iterator[Environment]:
    """The environments of these names that have records."""
    found = Environment.objects.filter(records__isnull=False).select_related("project").distinct()
    for place in found.order_by("project__slug", "name"):
        if project in (None, place.project.slug) and environment in (None, place.name):
            yield place
