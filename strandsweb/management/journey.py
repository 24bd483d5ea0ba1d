"""What deploy, rollback and destroy share: from a proposal to its end in this process, and how it is told."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.http import Http404

from deployments import approvals, broadcasts, execution, orders, planning, second_factor
from deployments.deciding import decisions
from deployments.engine.plan import Action as PlanAction
from deployments.errors import WorkflowError
from deployments.holding.concerning import standing_before
from deployments.holding.lifting import let_pass
from deployments.models import Deployment, Status, Step
from projects.access import Access, access_to
from projects.models import Environment, User
from projects.roles import Action
from strandsweb.demo import make_accounts
from strandsweb.sandbox.starter import start as start_sandbox

GOOD = (Status.SUCCEEDED, Status.UNCHANGED)
PLANNED = (Status.READY, Status.WAITING, Status.UNCHANGED)


class JourneyCommand(BaseCommand):
    """A command that proposes one deployment and carries it through the same workflow functions as the pages."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Arguments every journey takes."""
        parser.add_argument("--as", dest="actor", required=True, metavar="USER", help="who proposes and runs it")
        parser.add_argument("--approve-as", metavar="USER", help="who approves it, where approval is asked for")
        parser.add_argument("--message", default="", help="why, for the history")
        parser.add_argument("--mfa-code", default="", metavar="CODE", help="of the MFA device, where one is asked for")
        parser.add_argument(
            "--in-spite-of-hold", default="", metavar="REASON", help="run it although it is held; says why"
        )
        parser.add_argument("--plan-only", action="store_true", help="stop when the plan is made")
        parser.add_argument("--json", action="store_true", help="print the result as one JSON document")
        parser.add_argument(
            "--accept-data-loss", action="store_true", help="run a plan that deletes or replaces what holds data"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Runs the journey; the exit code is 0 only when it ended well."""
        with _cloud():
            try:
                deployment = self.journey(options)
            except (WorkflowError, PermissionDenied) as refusal:
                raise CommandError(str(refusal)) from refusal
            except Http404 as missing:
                raise CommandError(
                    f"There is no such project, or {options['actor']} is not a member of it."
                ) from missing
        good = PLANNED if options["plan_only"] else GOOD
        if options["json"]:
            self.stdout.write(json.dumps(as_json(deployment), indent=2))
        else:
            self.tell(deployment)
        if deployment.status not in good:
            raise CommandError(
                deployment.error or f"{deployment.public_id}: {deployment.get_status_display()}", returncode=1
            )

    def journey(self, options: dict[str, Any]) -> Deployment:
        """Proposes the deployment and sees it through."""
        raise NotImplementedError  # each command's own

    def see_through(self, deployment: Deployment, options: dict[str, Any]) -> Deployment:
        """Plans, approves when asked to, and runs a proposed deployment in this process."""
        deployment = planning.make_plan(deployment_id=deployment.pk)
        if options["plan_only"] or deployment.status not in (Status.READY, Status.WAITING):
            return deployment
        if deployment.destroys_data and not options["accept_data_loss"] and deployment.kind != "destroy":
            raise WorkflowError(
                f"{deployment.public_id} would destroy data. Look at its plan, then repeat with --accept-data-loss."
            )
        if deployment.status == Status.WAITING and (reason := options["in_spite_of_hold"]):
            deployment = _let_pass(deployment, user_named(options["actor"]), reason)
        if deployment.status == Status.WAITING and options["approve_as"]:
            approver = user_named(options["approve_as"])
            access_to(approver, deployment.environment.project.slug, Action.APPROVE, deployment.environment.name)
            review = approvals.Review(deployment.plan.digest, options["message"])
            deployment = approvals.approve(deployment_id=deployment.pk, actor=approver, review=review, inline=True)
        if deployment.status == Status.WAITING:
            deployment.error = "It is waiting for approval: " + " ".join(decisions.decision(deployment).words)
            if standing_before(deployment):
                deployment.error += " Here that is --in-spite-of-hold REASON."
            return deployment
        if deployment.status == Status.READY:
            if deployment.environment.asks_for_code:
                shown = mfa_code(options, deployment.environment)
                second_factor.enter(deployment_id=deployment.pk, actor=user_named(options["actor"]), code=shown)
            orders.start(deployment_id=deployment.pk, actor=user_named(options["actor"]), inline=True)
        with broadcasts.in_background(broadcasts.run_changed if options["json"] else self.announce) as announce:
            deployment = execution.run(deployment_id=deployment.pk, announce=announce)
        if deployment.status in (Status.QUEUED, Status.RUNNING):
            deployment.error = "Another run holds the environment; this one is queued behind it."
        return deployment

    def announce(self, *, deployment_id: int, first: int, last: int, logical_ids: set[str]) -> None:
        """Prints what moved, and tells open pages."""
        broadcasts.run_changed(deployment_id=deployment_id, first=first, last=last, logical_ids=logical_ids)
        for step in Step.objects.filter(deployment_id=deployment_id, logical_id__in=logical_ids):
            seconds = f" {step.seconds:.1f} s" if step.seconds else ""
            self.stdout.write(f"  {step.status:<10} {step.operation:<7} {step.logical_id}{seconds}")

    def tell(self, deployment: Deployment) -> None:
        """The result for people."""
        counts = ", ".join(f"{count} {action}" for action, count in deployment.counts.items() if count)
        self.stdout.write(f"{deployment.public_id}: {deployment.get_status_display()} ({counts or 'no resources'})")
        for problem in deployment.problems:
            self.stderr.write(f"  line {problem['line']}: {problem['message']} {problem['suggestion']}".rstrip())


def _let_pass(deployment: Deployment, actor: User, reason: str) -> Deployment:
    """The plan, let pass every hold that keeps it back."""
    for hold in standing_before(deployment):
        deployment = let_pass(
            deployment_id=deployment.pk,
            hold_id=hold.pk,
            actor=actor,
            reason=reason,
            plan_digest=deployment.plan.digest,
            inline=True,
        )
    return deployment


def mfa_code(options: dict[str, Any], environment: Environment) -> str:
    """The code from the arguments, or from whoever sits at the terminal; empty where nobody does."""
    given: str = options["mfa_code"]
    if not given and sys.stdin.isatty():
        given = getpass.getpass(f"Code of {environment.mfa_serial}: ")
    return given.replace(" ", "")


def add_targets(parser: CommandParser) -> None:
    """The argument of journeys that can be limited to parts."""
    parser.add_argument(
        "--target",
        dest="targets",
        action="append",
        default=[],
        metavar="NAME",
        help="only this agent, stack or resource (logical id), with what it needs; may be given several times",
    )


def user_named(username: str) -> User:
    """The account of that name.

    Raises:
        CommandError: there is none.
    """
    try:
        return User.objects.get(username=username)
    except User.DoesNotExist:
        raise CommandError(f"There is no account named {username}.") from None


def access_in(actor: User, slug: str, name: str, *actions: Action) -> Access:
    """The project's environment of that name, as that person sees it, if they may do all of that there.

    Raises:
        Outsider: there is no such project, or they are not a member.
        PermissionDenied: their role there is not enough.
        CommandError: the project has no such environment.
    """
    access = access_to(actor, slug)
    environment = access.project.environments.select_related("project").filter(name=name).first()
    if environment is None:
        raise CommandError(f"{access.project.slug} has no environment named {name}.")
    there = access.within(environment)
    for action in actions:
        there.require(action)
    return there


def as_json(deployment: Deployment) -> dict[str, Any]:
    """The result as `--json` prints it; seconds are floats, calls are counts."""
    summary = deployment.summary
    planned = hasattr(deployment, "plan")
    plan_calls = deployment.plan.calls if planned else {"read": 0, "write": 0}
    run_calls = summary.get("calls", {"read": 0, "write": 0})
    ended = {step.logical_id: step for step in deployment.steps.order_by("position")}
    resources = []
    for change in deployment.plan.value().changes if planned else ():
        step = ended.get(change.logical_id)
        resources.append(
            {
                "logical_id": change.logical_id,
                "stack": change.stack,
                "type": change.type,
                "physical_id": (step.physical_id if step else "") or change.physical_id or None,
                "action": change.action.value,
                "status": step.status
                if step
                else ("unchanged" if change.action is PlanAction.NO_CHANGE else "planned"),
                "error": step.error if step else None,
            }
        )
    return {
        "deployment": deployment.public_id,
        "status": deployment.status,
        "error": deployment.error,
        "problems": deployment.problems,
        "plan_digest": deployment.plan.digest if planned else None,
        "counts": deployment.counts,
        "duration_seconds": summary.get("seconds", 0.0),
        "critical_path_seconds": summary.get("critical_path_seconds", 0.0),
        "aws_calls": {key: plan_calls[key] + run_calls[key] for key in ("read", "write")},
        "resources": resources,
    }


@contextmanager
def _cloud() -> Iterator[None]:
    """With nobody's sandbox running, one of our own over the same data directory, for as long as the command runs."""
    if not settings.EMBEDDED:
        yield
        return
    call_command("migrate", verbosity=0, interactive=False)
    make_accounts()
    if settings.AWS_ENDPOINT_URL:
        yield
        return
    with start_sandbox(settings.DATA_DIR / "sandbox") as sandbox:
        settings.AWS_ENDPOINT_URL = sandbox.url
        try:
            yield
        finally:
            settings.AWS_ENDPOINT_URL = ""
