"""What is known of a deployment's plan, of the people around it and of what they said, from rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from deployments.aws.registry import KINDS
from deployments.checks import Verdict
from deployments.deciding.impact import impact_of
from deployments.engine.covering import Coverage, cover
from deployments.engine.plan import Plan, PlanKind
from deployments.holding.concerning import held_back
from deployments.models import Approval, Deployment, Emergency, FreezeOverride, PlanDocument
from deployments.releases import deployed_in
from projects.assigned import people_of
from projects.models import Environment
from projects.paths import path_of
from projects.people.models import ApiToken
from projects.protection.facts import Debt, Facts, Impact, Override, Review
from projects.protection.model import Protection
from projects.roles import Action

BACK_AT_MOST = 10
"""How many plans a chain of successors is followed back."""


def facts_of(deployment: Deployment, protection: Protection, plan: Plan | None = None) -> Facts:
    """All that is known now; what the protection does not ask for is not looked up.

    `plan` is weighed as it stands where it is given; else what was worked out of it when it was made is believed.
    """
    document, environment = deployment.plan, deployment.environment
    chain = covered_by_earlier(deployment, plan) if deployment.predecessor_id else []
    new = deployment.kind in (PlanKind.DEPLOY, PlanKind.IMPORT) and not deployment.rollback_to
    return Facts(
        plan_digest=document.digest,
        proposed_at=chain[-1].created_at if chain else deployment.created_at,
        people=tuple(people_of(environment, Action.APPROVE)),
        proposers=_proposers(deployment),
        editors=frozenset(filter(None, [deployment.configuration.author_id])),
        earlier_digests=frozenset(each.plan.digest for each in chain),
        impact=impact_of(plan, KINDS) if plan else Impact(**document.impact),
        brings_new=new,
        promoted_from=deployment.promoted_from,
        branches=frozenset(deployment.source.branches) if deployment.source and protection.branches else frozenset(),
        preflight=_preflight(document),
        lint=True,  # a configuration in which the lint finds a mistake is never planned
        deployed_in=_deployed_in(deployment) if new and asks_upstream(protection) else frozenset(),
        before_on_path=before_on_path(environment) if protection.upstream_of_path else None,
        overrides=_overrides([deployment, *chain]) if protection.freezes else (),
        debts=tuple(debts_in(environment, but=deployment)),
        holds=held_back(deployment, chain),
    )


def reviews_of(deployment: Deployment, plan: Plan | None = None) -> list[Review]:
    """What was said about this plan and about those in whose place it was made.

    Where `plan` is given, an approval of it that names another world than the plan was made from is not believed.
    """
    about = [deployment.pk, *(each.pk for each in ancestors(deployment))]
    return [
        Review(
            person=row.actor_id,
            name=row.actor_text,
            approved=row.approved,
            plan_digest=row.plan_digest,
            given_at=row.created_at,
            comment=row.comment,
            factor_at=row.factor_at,
        )
        for row in Approval.objects.filter(deployment__in=about)
        if plan is None or row.deployment_id != deployment.pk or _is_of(row, plan)
    ]


def ancestors(deployment: Deployment) -> Iterator[Deployment]:
    """The deployments in whose place this one was made, the nearest first, with their plans."""
    current = deployment
    for _ in range(BACK_AT_MOST):
        if current.predecessor_id is None:
            return
        current = Deployment.objects.select_related("plan").get(pk=current.predecessor_id)
        yield current


def covered_by_earlier(deployment: Deployment, plan: Plan | None = None) -> list[Deployment]:
    """The ancestors whose plan does all that this one does, the nearest first."""
    now = plan or deployment.plan.value()
    return [each for each in ancestors(deployment) if cover(approved=each.plan.value(), now=now).covered]


def coverage_of(deployment: Deployment, plan: Plan) -> tuple[Deployment, Coverage] | None:
    """The plan held against the nearest ancestor's that somebody approved, or else against the nearest; if any."""
    earlier = list(ancestors(deployment))
    if not earlier:
        return None
    approved = (each for each in earlier if each.approvals.filter(approved=True).exists())
    nearest = next(approved, earlier[0])
    return nearest, cover(approved=nearest.plan.value(), now=plan)


def impact_fields(plan: Plan) -> dict[str, Any]:
    """What `PlanDocument.impact` keeps."""
    return asdict(impact_of(plan, KINDS))


def debts_in(environment: Environment, but: Deployment | None = None) -> Iterator[Debt]:
    """The environment's emergencies that ran and that nobody but who caused them has looked at; `but` is left out."""
    rows = Emergency.objects.filter(deployment__environment=environment, reviewed_at=None)
    if but is not None:
        rows = rows.exclude(deployment=but)
    for row in rows.exclude(deployment__started_at=None).select_related("deployment"):
        yield Debt(row.deployment.public_id, row.actor_id, row.actor_text)


def _is_of(approval: Approval, plan: Plan) -> bool:
    world = (plan.subject.base_digest, plan.subject.live_fingerprint)
    return not approval.approved or (approval.base_digest, approval.live_fingerprint) in (world, ("", ""))


def _proposers(deployment: Deployment) -> frozenset[int]:
    """Who proposed it, and who made a token of the service account that did."""
    if deployment.proposed_by_id is None:
        return frozenset()
    tokens = ApiToken.objects.filter(user=deployment.proposed_by_id, user__service__isnull=False)
    makers = tokens.exclude(made_by=None).values_list("made_by", flat=True)
    return frozenset([deployment.proposed_by_id, *makers])


def _preflight(document: PlanDocument) -> bool | None:
    """Whether the checks before deploying passed; None where there were none to make."""
    if not document.checks:
        return None
    return all(check["verdict"] != Verdict.FAILED for check in document.checks)


def asks_upstream(protection: Protection) -> bool:
    """Whether it matters where the same was deployed before."""
    return bool(protection.upstream) or protection.upstream_of_path


def before_on_path(environment: Environment) -> str | None:
    """What comes before the environment; see `Facts`."""
    return path_of(environment.project_id).before(environment.name)


def _deployed_in(deployment: Deployment) -> frozenset[str]:
    return deployed_in(deployment.environment.project_id, deployment.configuration, deployment.source)


def _overrides(deployments: Sequence[Deployment]) -> tuple[Override, ...]:
    return tuple(
        Override(row.actor_id, row.plan_digest, row.freeze, row.reason, row.created_at)
        for row in FreezeOverride.objects.filter(deployment__in=deployments)
    )
