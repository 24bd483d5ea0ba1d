"""From a wish to a plan: propose writes the row, make_plan (in a worker) looks at the world and writes the plan."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from deployments import candidates, clouds, orders, preflight, states
from deployments.auditing import audit
from deployments.aws import registry
from deployments.aws.refresh import read_all
from deployments.checks import Check, Verdict
from deployments.deciding import carrying, decisions
from deployments.deciding.facts import impact_fields
from deployments.dispatch import enqueue
from deployments.engine import planner as engine
from deployments.engine.errors import CloudError, Refused
from deployments.engine.plan import PlanKind
from deployments.engine.planner import Wanted
from deployments.errors import WorkflowError
from deployments.holding.concerning import refuse_automation
from deployments.models import Deployment, Method, PlanDocument, Status, new_deployment_id
from deployments.telling.occasions import Occasion
from deployments.telling.telling import tell
from deployments.wishes import Invalid, Wish, wish_of
from projects.audit.deeds import Deed
from projects.audit.writing import SYSTEM
from projects.models import Configuration, Environment, SourceBundle, User

logger = logging.getLogger(__name__)


def propose(
    *,
    environment: Environment,
    actor: User | None,
    method: Method,
    kind: PlanKind = PlanKind.DEPLOY,
    configuration: Configuration | None = None,
    source: SourceBundle | None = None,
    message: str = "",
    rollback_to: str = "",
    targets: Sequence[str] = (),
    undoes: str = "",
    promoted_from: str = "",
    predecessor: Deployment | None = None,
    run_when_approved: bool = False,
    inline: bool = False,
) -> Deployment:
    """A new deployment in status planning; the latest configuration and source where none are named.

    `targets` limits it to these stacks and logical ids with what they need. `undoes`: see `undoing`; nobody in person
    asks for that. `predecessor`: the plan in whose place it is made, as the world has moved; then strandsweb itself
    asks, in the name of `actor`. `inline`: the caller plans it in this process, so no worker is told.

    Raises:
        WorkflowError: the project has no configuration yet.
        OnHold: a program asks for what is held there.
    """
    project = environment.project
    configuration = configuration or project.latest_configuration
    if configuration is None:
        raise WorkflowError("The project has no configuration yet. Write its strands.yaml first.")
    now = timezone.now()
    with transaction.atomic():
        deployment = Deployment.objects.create(
            public_id=new_deployment_id(now),
            environment=environment,
            kind=kind,
            method=method,
            message=message[:200],
            configuration=configuration,
            source=source or project.latest_source,
            rollback_to=rollback_to,
            targets=list(targets),
            undoes=undoes,
            promoted_from=promoted_from,
            predecessor=predecessor,
            run_when_approved=run_when_approved,
            proposed_by=actor,
            proposed_by_text=actor.text if actor else SYSTEM,
            created_at=now,
        )
        refuse_automation(deployment, actor)
        audit(
            Deed.PLAN_PROPOSED,
            deployment,
            None if predecessor else actor,
            revision=configuration.number,
            predecessor=predecessor.public_id if predecessor else "",
            promotedFrom=promoted_from,
            message=deployment.message,
            targets=deployment.targets,
            rollbackTo=rollback_to,
        )
        if not inline:
            enqueue("plan", deployment.pk)
    return deployment


def make_plan(*, deployment_id: int) -> Deployment:
    """Plans a deployment that is in status planning; any other is left as it is, so a second delivery is harmless."""
    deployment = Deployment.objects.select_related("environment__project", "configuration", "source").get(
        pk=deployment_id
    )
    if deployment.status != Status.PLANNING:
        return deployment
    Deployment.objects.filter(pk=deployment_id).update(planning_at=timezone.now())
    try:
        wish = wish_of(deployment)
        _write(deployment, _plan(deployment, wish))
    except Invalid as invalid:
        _close(deployment, problems=invalid.problems, error=str(invalid))
    except (Refused, WorkflowError) as refusal:
        _close(deployment, error=str(refusal))
    except CloudError as failure:
        _close(deployment, error=f"{failure} {failure.advice}".strip())
    except Exception:
        logger.exception("planning %s failed", deployment.public_id)
        _close(deployment, error="Planning failed because of an error in strandsweb itself; its log has the details.")
    deployment.refresh_from_db()
    return deployment


def _plan(deployment: Deployment, wish: Wish) -> PlanDocument:
    """The plan as an unsaved row, with the state it was made from and the outputs the environment will have."""
    environment = deployment.environment
    state = states.load(environment)
    calls = clouds.CallCounter()
    checks: list[Check] = []
    with clouds.connect(environment, purpose=deployment.public_id, listener=calls, reading=True) as aws:
        provisioners = registry.provisioners(aws, clouds.no_packages)
        live = read_all(state.resources.values(), provisioners)
        imports = candidates.read_candidates(
            wish.resources, wish.imports, environment=environment, state=state, provisioners=provisioners
        )
        wanted = Wanted(
            kind=PlanKind(deployment.kind),
            project=environment.project.slug,
            resources=wish.resources,
            configuration_number=deployment.configuration.number,
            configuration_digest=deployment.configuration.digest,
            source_digest=deployment.source.digest if deployment.source else "",
            rollback_to=deployment.rollback_to or None,
            imports=imports,
            targets=tuple(deployment.targets),
        )
        plan = engine.make_plan(
            wanted, state=state, live=live, kinds=registry.KINDS, secret_key=settings.SECRET_KEY.encode()
        )
        if not plan.is_empty:
            checks = preflight.of_plan(environment, plan, aws, provisioners, timezone.now().date())
    return PlanDocument(
        deployment=deployment,
        text=plan.to_json(),
        digest=plan.digest(),
        state_before=state.as_dict(),
        outputs=[asdict(output) for output in wish.outputs],
        calls={"read": calls.reads, "write": calls.writes},
        checks=[asdict(check) for check in checks],
        impact=impact_fields(plan),
    )


def _write(deployment: Deployment, document: PlanDocument) -> None:
    """Stores the plan and moves the deployment on, once."""
    plan = document.value()
    with transaction.atomic():
        current = Deployment.objects.select_for_update().get(pk=deployment.pk)
        if current.status != Status.PLANNING:
            return
        document.deployment = current
        document.save(force_insert=True)
        current.counts = plan.counts()
        current.destroys_data = plan.destroys_data
        current.planned_at = timezone.now()
        if failed := sum(check["verdict"] == Verdict.FAILED for check in document.checks):
            current.status, current.ended_at = Status.INVALID, timezone.now()
            current.error = f"{failed} of the checks before deploying failed. Mend what they name, and plan again."
        elif plan.is_empty:
            current.status = Status.UNCHANGED
        else:
            carrying.carry_over(current)
            decisions.settle(current)
        current.save(update_fields=["counts", "destroys_data", "planned_at", "status", "error", "ended_at"])
        made = {"digest": document.digest, "counts": current.counts, "error": current.error}
        audit(Deed.PLAN_MADE, current, None, status=current.status, **made)
        if current.status == Status.WAITING:
            tell(Occasion.PLAN_WAITING, environment=deployment.environment, deployment=current)
        elif current.status == Status.READY and current.undoes:
            orders.start(deployment_id=current.pk, actor=None)
        elif current.status == Status.READY:
            carrying.go_on(current)


def _close(deployment: Deployment, *, error: str, problems: list[dict[str, Any]] | None = None) -> None:
    """Ends a deployment that could not be planned, with the reason."""
    with transaction.atomic():
        planning = Deployment.objects.filter(pk=deployment.pk, status=Status.PLANNING)
        if planning.update(status=Status.INVALID, error=error, problems=problems or [], ended_at=timezone.now()):
            audit(Deed.PLAN_MADE, deployment, None, status=Status.INVALID, error=error)
