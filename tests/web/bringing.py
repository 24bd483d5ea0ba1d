"""Deployments of several revisions, one a minute, for tests about releases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

from deployments.models import Deployment, Status
from projects.models import Configuration, Environment, SourceBundle, User
from tests.web.conftest import START, proposed, sample_configuration

Bring = Callable[..., Deployment]


def bringer(dev: Environment, configuration: Configuration, source: SourceBundle, by: User) -> Bring:
    """Makes the next deployment, to dev and whole and well unless said otherwise, of the revision of that number."""
    known = {1: configuration} | {number: sample_configuration(dev.project, by, number) for number in (2, 3)}
    minutes = count(1)

    def bring(number: int, status: Status = Status.SUCCEEDED, **fields: Any) -> Deployment:
        at = START + timedelta(minutes=next(minutes))
        ran = {"started_at": at, "ended_at": at} if status in (Status.SUCCEEDED, Status.FAILED) else {}
        given: dict[str, Any] = {"planned_at": at, **ran, **fields}
        place, code = given.pop("environment", dev), given.pop("source", source)
        made = proposed(place, status, configuration=known[number], by=by, source=code or source, **given)
        made.source = code
        made.save(update_fields=["source"])
        return made

    return bring
