"""Between the queue and the first write: is exactly what was approved about to run, on exactly what it was made from?

Three looks, in this order: at the database, before there are credentials; at what is live, which only reads; and at
the database once more, in the transaction that starts the run. A plan that no longer fits is closed, and one that is
not allowed any more waits again; nothing has been written anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from deployments import leases, states, undoing
from deployments.auditing import audit
from deployments.aws.refresh import read_all
from deployments.aws.registry import KINDS
from deployments.deciding import decisions
from deployments.deciding.successors import outdate
from deployments.engine.errors import PlanMismatch
from deployments.engine.plan import Change, Plan, Reason
from deployments.engine.planner import live_fingerprint, make_changes
from deployments.engine.ports import Live, Provisioners
from deployments.engine.state import State
from deployments.engine.steps import steps_of
from deployments.errors import Moved, WorkflowError
from deployments.holding import placing
from deployments.models import Deployment, Status, Step
from deployments.telling.occasions import Occasion
from deployments.telling.telling import tell
from projects.audit.deeds import Deed
from projects.models import Environment

TAKEUPS = 5
"""How often a run is taken up without having finished a single step since, before it is given up."""
NAMED = 5
"""How many differences a sentence names before it counts the rest."""


def check(deployment: Deployment) -> Plan | None:
    """The plan to run, if the database still agrees with it; closes the deployment, and answers None, if not.

    A run that was admitted before, and whose worker died, goes on. Counts how often it was taken up.

    Raises:
        PlanMismatch: that run's plan cannot be read any more.
    """
    with transaction.atomic():
        current = Deployment.objects.select_for_update().get(pk=deployment.pk)
        _count(current)
        deployment.takeups, deployment.status = current.takeups, current.status
        if current.status == Status.RUNNING:
            return deployment.plan.value()
        return _fitting(deployment, current)


def why_stuck(deployment: Deployment) -> str:
    """That it was taken up again and again and nothing came of it, as a sentence; empty when that is not so."""
    if deployment.takeups <= TAKEUPS:
        return ""
    given_up = f"It was taken up {TAKEUPS} times without finishing a single step, so it was given up."
    return f"{given_up} The workers' own log may say why."


def begin(deployment: Deployment, held: leases.Held) -> bool:
    """Moves a queued deployment to running, if everything still fits and the lease is still ours.

    Raises:
        LostLease: it is not; nothing was changed.
    """
    with transaction.atomic():
        leases.renew(held)
        # Whoever places a hold locks this row too: either it stands before the run begins, or comes after.
        Environment.objects.select_for_update(no_key=True).get(pk=deployment.environment_id)
        current = Deployment.objects.select_for_update().get(pk=deployment.pk)
        plan = _fitting(deployment, current)
        if plan is None:
            return False
        current.status = Status.RUNNING
        current.started_at = timezone.now()
        current.save(update_fields=["status", "started_at"])
        placing.after_rollback(current, current.started_at)
        add_steps(current, plan)
        tell(
            Occasion.RUN_STARTED,
            environment=deployment.environment,
            deployment=current,
            actor_text=current.run_by_text,
        )
    deployment.refresh_from_db(fields=["status", "started_at"])
    return True


def add_steps(deployment: Deployment, plan: Plan) -> None:
    """A row per step of the plan, all pending, in the plan's order."""
    Step.objects.bulk_create(
        Step(
            deployment=deployment,
            position=position,
            step_id=step.id,
            logical_id=step.logical_id,
            stack=step.change.stack,
            type=step.change.type,
            operation=step.operation.value,
        )
        for position, step in enumerate(steps_of(plan))
    )


def changed_since(plan: Plan, state: State, provisioners: Provisioners, held: leases.Held) -> str:
    """What somebody changed in the cloud since the plan was made, in a sentence; empty when nothing was.

    Reads what the plan was made from, concurrently, and its tags from the services themselves, as a write may follow;
    a first deployment has nothing to read. The lease is kept alive.

    Raises:
        CloudError, Refused: something could not be read.
        LostLease: another worker holds the environment.
    """
    live = leases.kept_while(held, lambda: read_all(state.resources.values(), provisioners, tags_at_source=True))
    if live_fingerprint(live=live, state=state, kinds=KINDS) == plan.subject.live_fingerprint:
        return ""
    told = _differences(plan, state, live)
    more = f" And {len(told) - NAMED} more." if len(told) > NAMED else ""
    named = "; ".join(told[:NAMED]) or "something that the plan does not touch"
    return f"Somebody changed what is live since this plan was made: {named}.{more} It needs a new plan."


def _fitting(deployment: Deployment, current: Deployment) -> Plan | None:
    """The plan of a queued deployment, if it still fits; closes it if not. `current` is the locked row."""
    if current.status != Status.QUEUED:
        return None
    try:
        plan = deployment.plan.value()
        _compare(deployment, plan)
    except Moved as moved:
        outdate(current, str(moved), standing=(Status.QUEUED,))
        return None
    except (PlanMismatch, WorkflowError) as mismatch:
        current.status, current.error, current.ended_at = Status.STALE, str(mismatch), timezone.now()
        current.save(update_fields=["status", "error", "ended_at"])
        return None
    answer = decisions.decision(deployment, plan)
    if not answer.allowed:
        decisions.settle(current, answer)
        audit(Deed.RUN_HELD_BACK, current, None, why=list(answer.words))
        return None
    return plan


def _compare(deployment: Deployment, plan: Plan) -> None:
    """Raises PlanMismatch when the plan is not what was signed, Moved when the world is not what it was made from."""
    environment = Environment.objects.select_related("project").get(pk=deployment.environment_id)
    deployment.environment, subject = environment, plan.subject
    if (environment.account, environment.region) != (subject.account, subject.region):
        raise Moved("The environment points somewhere else since this plan was made. It needs a new plan.")
    state = states.load(environment)
    if (state.serial, state.digest()) != (subject.base_serial, subject.base_digest):
        raise Moved("The environment has changed since this plan was made. It needs a new plan.")
    if deployment.configuration.digest != subject.configuration_digest:
        raise PlanMismatch("The plan is of another configuration. It needs a new plan.")
    if deployment.undoes and not undoing.only_takes_back(deployment, plan):
        raise PlanMismatch("The plan does more than to take the failed run back.")


def _count(current: Deployment) -> None:
    ended = current.steps.exclude(status__in=(Step.Status.PENDING, Step.Status.RUNNING)).count()
    current.takeups = current.takeups + 1 if ended == current.steps_at_takeup else 1
    current.steps_at_takeup = ended
    current.save(update_fields=["takeups", "steps_at_takeup"])


def _differences(plan: Plan, state: State, live: Mapping[str, Live | None]) -> list[str]:
    """Where planning the same targets now comes to something else, resource by resource."""
    planned = {change.logical_id: change for change in plan.changes}
    now = make_changes(
        kind=plan.subject.kind,
        desired=[change.target for change in plan.changes if change.target is not None],
        state=state,
        live=live,
        kinds=KINDS,
        secret_key=settings.SECRET_KEY.encode(),
    )
    return [
        _difference(planned[change.logical_id], change)
        for change in now
        if change.logical_id in state.resources and _seen(change) != _seen(planned[change.logical_id])
    ]


def _seen(change: Change) -> tuple[bool, frozenset[tuple[str, str]]]:
    """What a change says of the live resource: whether it is there, and the values before."""
    gone = change.reason in (Reason.DELETED_OUTSIDE, Reason.ALREADY_GONE)
    return gone, frozenset((each.path, repr(each.before)) for each in change.properties)


def _difference(planned: Change, now: Change) -> str:
    (was_gone, were), (is_gone, are) = _seen(planned), _seen(now)
    if was_gone != is_gone:
        return f"{now.logical_id} {'was deleted' if is_gone else 'is there again'}"
    paths = dict.fromkeys(path for path, _ in sorted(were ^ are))
    return f"{now.logical_id} ({', '.join(paths)})"
