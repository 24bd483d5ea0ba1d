"""Automatic rollback: a failed run is followed by a deployment that deletes what it created, where the owners want it.

The failed run keeps its record and the state it left; its taking back is a deployment of its own, planned against
what is live, carried out and recorded like any other. It touches nothing that was there before.
"""

from __future__ import annotations

from deployments import planning, states
from deployments.engine.plan import Action, Plan, PlanKind
from deployments.engine.undoing import created_by, to_undo
from deployments.models import Deployment, Method, Step


def propose_after(failed: Deployment, plan: Plan) -> Deployment | None:
    """The deployment that takes a failed run back, if its environment wants that and there is something to delete."""
    environment = failed.environment
    if not environment.automatic_rollback or failed.undoes or plan.subject.kind is PlanKind.DESTROY:
        return None
    going = to_undo(states.load(environment), _created(failed, plan))
    if not going:
        return None
    return planning.propose(
        environment=environment,
        actor=None,
        method=Method(failed.method),
        kind=PlanKind.ROLLBACK,
        configuration=failed.configuration,
        source=failed.source,
        message=f"Take back what {failed.public_id} created",
        targets=sorted(going),
        undoes=failed.public_id,
    )


def only_takes_back(deployment: Deployment, plan: Plan) -> bool:
    """Whether the plan deletes what the failed run created, and does nothing else."""
    failed = _failed(deployment)
    created = _created(failed, failed.plan.value())
    return all(
        change.action is Action.NO_CHANGE or (change.action is Action.DELETE and change.logical_id in created)
        for change in plan.changes
    )


def _failed(deployment: Deployment) -> Deployment:
    return Deployment.objects.select_related("plan").get(
        environment_id=deployment.environment_id, public_id=deployment.undoes
    )


def _created(failed: Deployment, plan: Plan) -> frozenset[str]:
    done = failed.steps.filter(status=Step.Status.SUCCEEDED).values_list("step_id", flat=True)
    return created_by(plan, set(done))
