"""Which holds stand in the way of a deployment, and whether a program asked for it."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q

from deployments.engine.plan import PlanKind
from deployments.errors import OnHold
from deployments.holding.models import Hold, HoldPass
from deployments.models import Deployment, Method
from deployments.releases import release_of
from projects.models import Environment, User
from projects.protection.facts import Held
from projects.protection.wording import listed


def standing_at(environment: Environment) -> list[Hold]:
    """The holds that stand in an environment, the newest first."""
    return list(Hold.objects.standing().at(environment).select_related("environment", "because_of"))


def standing_before(deployment: Deployment) -> list[Hold]:
    """The holds that concern the deployment, let pass or not.

    A quarantined release is held wherever it is brought, by whatever kind of plan, and on the way onward from where it
    is quarantined. Holding everything leaves the way back open: rollbacks pass. What takes a failed run back is free.
    """
    if deployment.undoes:
        return []
    standing = Hold.objects.standing().filter(project=deployment.environment.project_id)
    return [hold for hold in standing.select_related("environment", "because_of") if _concerns(hold, deployment)]


def standing_when_begun(deployment: Deployment) -> list[Hold]:
    """What was held in the environment when the run began, the oldest first; the same whenever one asks."""
    began = Hold.objects.at(deployment.environment).filter(placed_at__lte=deployment.started_at)
    still = began.filter(Q(lifted_at=None) | Q(lifted_at__gt=deployment.started_at))
    return list(still.select_related("environment").order_by("pk"))


def held_back(deployment: Deployment, chain: Collection[Deployment] = ()) -> tuple[Held, ...]:
    """What the decision has to know of them: those that nobody let this plan pass, or one of `chain` that covers it."""
    standing = standing_before(deployment)
    if not standing:
        return ()
    digests = {each.plan.digest for each in (deployment, *chain)}
    passed = HoldPass.objects.filter(hold__in=standing, deployment__in=[deployment, *chain], plan_digest__in=digests)
    known = set(passed.values_list("hold", flat=True))
    return tuple(Held(said(hold), by_deployers=opens_to_deployers(hold)) for hold in standing if hold.pk not in known)


def refuse_automation(deployment: Deployment, actor: User | None) -> None:
    """Raises OnHold where a program brings what is held; a plan of a person waits until somebody lets it pass."""
    by_program = actor is None or actor.scope is not None or deployment.method == Method.SCHEDULE
    if by_program and not deployment.predecessor_id and (standing := standing_before(deployment)):
        raise OnHold(" ".join(map(said, standing)))


def opens_to_deployers(hold: Hold) -> bool:
    """Whether who deploys may let a plan pass by saying why; a release that people quarantined takes who may resume.

    A run that failed may have failed for reasons of the world, and a new release is what an environment on hold is
    mended with.
    """
    return hold.release is None or hold.by_itself


def said(hold: Hold) -> str:
    """The hold as a sentence."""
    if hold.release is None:
        where = hold.environment.name if hold.environment else "The whole project"
        what = f"{where} is on hold"
    else:
        what = f"{hold.release.name.capitalize()} is quarantined in {hold.where}"
    return f"{what}: {hold.reason.rstrip('.')} ({hold.placed_by_text})."


def named(holds: Collection[Hold]) -> str:
    """What is held, for a line in a list."""
    return listed([hold.what for hold in holds], most=3, word="and")


def _concerns(hold: Hold, deployment: Deployment) -> bool:
    here = hold.environment_id in (None, deployment.environment_id)
    if not hold.configuration_digest:
        return here and deployment.kind != PlanKind.ROLLBACK
    source = release_of(deployment).source_digest
    same = (hold.configuration_digest, hold.source_digest) == (deployment.configuration.digest, source)
    came_from = hold.environment is not None and hold.environment.name == deployment.promoted_from
    return same and (here or came_from) and deployment.kind != PlanKind.DESTROY
