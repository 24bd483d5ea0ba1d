"""Which records an environment may still have to go back to, whatever its policy says."""

from __future__ import annotations

from collections.abc import Mapping

from deployments.engine.plan import PlanKind
from deployments.holding.models import Hold
from deployments.models import OPEN, Deployment
from history.models import Record
from projects.models import Environment


def needed(environment: Environment) -> Mapping[str, str]:
    """The ids of deployments whose records must stay, each with the reason.

    Those that a deployment under way goes back to or takes back. And the newest one that succeeded and is not
    quarantined; where that was limited to parts, also what it stands on, back to the last one that was whole.
    """
    stays: dict[str, str] = {}
    under_way = Deployment.objects.filter(environment=environment, status__in=OPEN)
    for public_id, *others in under_way.values_list("public_id", "rollback_to", "undoes"):
        stays |= {each: f"{public_id}, which is under way, needs it" for each in others if each}
    rows = Record.objects.filter(environment=environment, expired_at=None).order_by("-sequence")
    quarantined = set(Hold.objects.standing().at(environment).values_list("configuration_number", "source_digest"))
    good = [
        row
        for row in rows.succeeded().exclude(kind=PlanKind.DESTROY).only(*_READ)
        if (row.configuration_number, row.source_digest) not in quarantined
    ]
    limited = _limited(environment)
    for at, row in enumerate(good[:2]):
        stays[row.deployment_id] = "it is what one goes back to" + (" from the newest" if at else "")
    for at, row in enumerate(good[:2]):
        if row.deployment_id in limited:
            whole = next((each.sequence for each in good[at:] if each.deployment_id not in limited), 0)
            beneath = rows.filter(sequence__gte=whole, sequence__lt=row.sequence)
            why = f"{row.deployment_id} was limited to parts, and stands on it"
            stays |= dict.fromkeys(beneath.values_list("deployment_id", flat=True), why)
    return stays


_READ = ("deployment_id", "sequence", "configuration_number", "source_digest")


def _limited(environment: Environment) -> set[str]:
    """The ids of the deployments that were limited to parts."""
    return set(
        Deployment.objects.filter(environment=environment).exclude(targets=[]).values_list("public_id", flat=True)
    )
