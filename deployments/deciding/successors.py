"""When the world has moved: a plan that no longer fits is closed, and the same wish is planned again in its place."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from deployments import planning
from deployments.deciding.facts import ancestors
from deployments.engine.plan import PlanKind
from deployments.models import Deployment, ImportRequest, Method, Status

AGAIN_AT_MOST = 3
AGAIN_WITHIN = timedelta(hours=1)
"""How many plans in a row are made without a person; a world that moves faster than that needs one."""


def outdate(deployment: Deployment, reason: str, *, standing: Collection[Status]) -> Deployment | None:
    """Closes a plan that stands there and no longer fits, and proposes its successor, which is answered.

    None where it stood elsewhere by now, takes a failed run back, or was planned again and again already.
    """
    with transaction.atomic():
        closed = Deployment.objects.filter(pk=deployment.pk, status__in=standing).update(
            status=Status.STALE, error=reason, ended_at=timezone.now()
        )
        lately = [each for each in ancestors(deployment) if each.created_at > timezone.now() - AGAIN_WITHIN]
        if not closed or deployment.undoes or len(lately) >= AGAIN_AT_MOST:
            return None
        return _again(deployment)


def _again(stale: Deployment) -> Deployment:
    """The same wish, in the name of whoever wished it."""
    successor = planning.propose(
        environment=stale.environment,
        actor=stale.proposed_by,
        method=Method(stale.method),
        kind=PlanKind(stale.kind),
        configuration=stale.configuration,
        source=stale.source,
        message=stale.message,
        rollback_to=stale.rollback_to,
        targets=stale.targets,
        promoted_from=stale.promoted_from,
        run_when_approved=stale.run_when_approved,
        predecessor=stale,
    )
    wanted = ImportRequest.objects.filter(deployment=stale).first()
    if wanted is not None:
        ImportRequest.objects.create(deployment=successor, resources=wanted.resources, state=wanted.state)
    return successor
