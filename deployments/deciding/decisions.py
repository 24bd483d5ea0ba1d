"""May this deployment's plan run now? Asks the one function that decides, and moves the deployment as it answers."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from deployments.deciding import facts
from deployments.engine.plan import Plan
from deployments.models import Awaited, Deployment, Status
from projects import protecting
from projects.protection.deciding import Decision, NeedKind, Outcome, decide
from projects.protection.model import Protection

MOVES = {Outcome.ALLOWED: Status.READY, Outcome.WAITING: Status.WAITING, Outcome.REFUSED: Status.REJECTED}
"""Where a plan that has not been started stands after each answer."""


ASKING = frozenset({NeedKind.APPROVAL, NeedKind.FREEZE, NeedKind.HOLD})
"""What a plan's own page lets people give."""


def asked_of(deployment: Deployment) -> protecting.InForce:
    """The protection that this plan is held against now."""
    if _is_exempt(deployment):
        return protecting.InForce(0, Protection())
    return protecting.in_force(deployment.environment)


def decision(deployment: Deployment, plan: Plan | None = None, now: datetime | None = None) -> Decision:
    """What the protection in force says of the plan, with the roles people have now.

    `plan` is given by whoever is about to run it: then nothing that was worked out earlier is believed.
    """
    if _is_exempt(deployment):
        return Decision()
    asked = asked_of(deployment).protection
    known = facts.facts_of(deployment, asked, plan)
    return decide(asked, known, facts.reviews_of(deployment, plan), now or timezone.now())


def _is_exempt(deployment: Deployment) -> bool:
    """What takes a failed run back was agreed to with the environment's settings and with that run; and an emergency is
    one because nothing is asked of it but its reason.
    """
    return bool(deployment.undoes) or hasattr(deployment, "emergency")


def settle(deployment: Deployment, answer: Decision | None = None) -> Decision:
    """Moves a planned deployment whose run has not begun to where it stands now; the caller holds its row's lock."""
    answer = answer or decision(deployment)
    deployment.status, deployment.weighed_at = MOVES[answer.outcome], timezone.now()
    keep(deployment, answer)
    if answer.outcome is Outcome.REFUSED:
        deployment.error, deployment.ended_at = " ".join(answer.refusals), timezone.now()
    deployment.save(update_fields=["status", "weighed_at", "error", "ended_at"])
    return answer


def keep(deployment: Deployment, answer: Decision) -> None:
    """Keeps for lists what came out, and for whom it waits; rows that are right already are left alone."""
    missing, given = list(answer.words), len(answer.approved_by)
    standing = {"required": answer.required, "given": given, "missing": missing}
    if standing != deployment.standing:
        deployment.standing = standing
        deployment.save(update_fields=["standing"])
    people = {person for need in answer.needs if need.kind in ASKING for person in need.people}
    known = set(deployment.awaited.values_list("person", flat=True))
    deployment.awaited.filter(person__in=known - people).delete()
    Awaited.objects.bulk_create(Awaited(deployment=deployment, person_id=person) for person in sorted(people - known))
