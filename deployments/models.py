"""Deployments, their plans, approvals, steps and events; the recorded state; who holds an environment."""

from __future__ import annotations

import hashlib
import json
import secrets
import uuid
from datetime import datetime
from typing import Any

from django.db import models

from deployments.engine.errors import PlanMismatch, Refused
from deployments.engine.plan import Plan, PlanKind
from projects.models import Configuration, Environment, Project, SourceBundle, User


class Status(models.TextChoices):
    """Where a deployment is in its life.

    planning -> invalid | unchanged | waiting | ready; waiting -> ready | rejected; ready -> queued -> running ->
    succeeded | failed | cancelled. Until it is queued it can be discarded; a plan that no longer fits is stale.
    """

    PLANNING = "planning", "planning"
    INVALID = "invalid", "could not be planned"
    UNCHANGED = "unchanged", "nothing to do"
    WAITING = "waiting", "waiting for approval"
    READY = "ready", "ready to deploy"
    REJECTED = "rejected", "rejected"
    DISCARDED = "discarded", "discarded"
    STALE = "stale", "needs a new plan"
    QUEUED = "queued", "queued"
    RUNNING = "running", "deploying"
    SUCCEEDED = "succeeded", "succeeded"
    FAILED = "failed", "failed"
    CANCELLED = "cancelled", "cancelled"


OPEN = frozenset({Status.PLANNING, Status.WAITING, Status.READY, Status.QUEUED, Status.RUNNING})
INTERRUPTIBLE = (Status.QUEUED, Status.RUNNING)
RAN = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED})


class Method(models.TextChoices):
    """Through which door it was asked for."""

    WEB = "web"
    API = "api"
    CLI = "cli"
    SCHEDULE = "schedule"


def new_deployment_id(now: datetime) -> str:
    """`2025-11-19T10-30-00Z-abc123`: sorts by time, unique by six random hex digits; `now` is aware, UTC."""
    return f"{now:%Y-%m-%dT%H-%M-%SZ}-{secrets.token_hex(3)}"


class DeploymentQuerySet(models.QuerySet["Deployment"]):
    """Reads of deployments."""

    def of(self, project: Project) -> DeploymentQuerySet:
        """Those of one project, newest first, with what every list shows."""
        return self.filter(environment__project=project).for_lists()

    def for_lists(self) -> DeploymentQuerySet:
        """Newest first, with what every list shows."""
        return self.select_related("environment__project", "configuration", "source").order_by("-pk")


class Deployment(models.Model):
    """A plan's journey: proposed, planned, approved, run, recorded.

    The row is the truth and the queue only transport. `proposed_by_text` and its like are copied so that history
    does not depend on accounts that may go. Times are UTC.
    """

    public_id = models.CharField(max_length=40, unique=True)
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="deployments")
    kind = models.CharField(max_length=10, choices=[(kind.value, kind.value) for kind in PlanKind])
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PLANNING)
    method = models.CharField(max_length=10, choices=Method.choices, default=Method.WEB)
    message = models.CharField(max_length=200, blank=True)
    configuration = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="+")
    source = models.ForeignKey(SourceBundle, null=True, on_delete=models.PROTECT, related_name="+")
    rollback_to = models.CharField(max_length=40, blank=True)
    run_when_approved = models.BooleanField(default=False)
    targets = models.JSONField(default=list, help_text="stacks and logical ids it is limited to; empty: everything")
    undoes = models.CharField(max_length=40, blank=True, help_text="public id of the failed run it takes back")
    promoted_from = models.CharField(max_length=20, blank=True, help_text="environment whose deployment it brings here")
    predecessor = models.OneToOneField(
        "self",
        null=True,
        on_delete=models.SET_NULL,
        related_name="successor",
        help_text="the plan in whose place it was made, as the world had moved",
    )

    proposed_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    proposed_by_text = models.CharField(max_length=150)
    run_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    run_by_text = models.CharField(max_length=150, blank=True)
    cancelled_by_text = models.CharField(max_length=150, blank=True)

    created_at = models.DateTimeField()
    planning_at = models.DateTimeField(null=True, help_text="when a worker last began to plan it")
    planned_at = models.DateTimeField(null=True)
    standing = models.JSONField(
        default=dict, help_text="when it was last weighed: {required, given: numbers of approvals, missing: [sentence]}"
    )
    weighed_at = models.DateTimeField(null=True, help_text="when it was last asked whether it may run, while it waits")
    queued_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    counts = models.JSONField(default=dict, help_text="resources per action in the plan")
    destroys_data = models.BooleanField(default=False)
    problems = models.JSONField(default=list, help_text="why it could not be planned: [{message, line, column, ...}]")
    error = models.TextField(blank=True, help_text="why it ended as it did, for people")
    summary = models.JSONField(default=dict, help_text="seconds, critical path, calls, counts of steps, outputs")
    last_event = models.PositiveIntegerField(default=0)
    recorded = models.BooleanField(default=False)
    expired_at = models.DateTimeField(null=True, help_text="when plan, steps and events were let go with its record")
    takeups = models.PositiveSmallIntegerField(default=0, help_text="how often it was taken up without any progress")
    steps_at_takeup = models.PositiveIntegerField(default=0, help_text="steps that had ended when it was taken up last")

    objects = DeploymentQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["environment", "-id"], name="deployment_of_environment"),
            models.Index(fields=["status", "weighed_at"], name="deployment_by_status"),
        ]

    def __str__(self) -> str:
        return f"{self.environment} {self.public_id}"

    @property
    def is_open(self) -> bool:
        """Something may still happen to it."""
        return self.status in OPEN

    @property
    def has_run(self) -> bool:
        """It was carried out, well or badly."""
        return self.status in RAN

    @property
    def is_live(self) -> bool:
        """Its page changes by itself."""
        return self.status in (Status.PLANNING, Status.QUEUED, Status.RUNNING)

    @property
    def duration_seconds(self) -> float | None:
        """From the first step to the end, seconds; None while it has not ended."""
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at).total_seconds()


class ImportRequest(models.Model):
    """What a deployment of kind import takes over, beside it so that lists never load it; written once."""

    deployment = models.OneToOneField(Deployment, primary_key=True, on_delete=models.CASCADE, related_name="imports")
    resources = models.JSONField(default=dict, help_text="physical ids by logical id of the configuration")
    state = models.JSONField(null=True, help_text="or a whole state file, whose resources are wanted as they are")

    def __str__(self) -> str:
        return f"import for {self.deployment_id}"


class PlanDocument(models.Model):
    """The plan's canonical JSON, beside the deployment so that lists never load it; written once."""

    deployment = models.OneToOneField(Deployment, primary_key=True, on_delete=models.CASCADE, related_name="plan")
    text = models.TextField()
    digest = models.CharField(max_length=64)
    state_before = models.JSONField(help_text="the state it was made from, as a state file")
    outputs = models.JSONField(default=list, help_text="deployments.blueprint.Output as dicts")
    calls = models.JSONField(default=dict, help_text="AWS calls that planning made: {read, write}")
    checks = models.JSONField(default=list, help_text="deployments.checks.Check as dicts")
    impact = models.JSONField(default=dict, help_text="projects.protection.facts.Impact as a dict")

    def __str__(self) -> str:
        return f"plan {self.digest[:12]}"

    @property
    def base_serial(self) -> int:
        """Serial of the state it was made from."""
        serial: int = self.state_before["serial"]
        return serial

    def value(self) -> Plan:
        """The plan as the engine's value.

        Raises:
            PlanMismatch: the text is not what the digest says, or this version cannot read it.
        """
        if hashlib.sha256(self.text.encode()).hexdigest() != self.digest:
            raise PlanMismatch("The stored plan is not the one that was made. It needs a new plan.")
        try:
            return Plan.from_dict(json.loads(self.text))
        except (Refused, ValueError, KeyError, TypeError, AttributeError) as error:
            raise PlanMismatch(
                f"The stored plan cannot be read by this version of strandsweb ({error}). It needs a new plan."
            ) from error


class Rendering(models.Model):
    """What people saw of a plan when they reviewed it, once by its digest."""

    digest = models.CharField(primary_key=True, max_length=64, help_text="SHA-256 of the text")
    text = models.TextField(help_text="the plan's part of the page, as it was sent")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"rendering {self.digest[:12]}"


class Approval(models.Model):
    """One person's signature, or refusal, on one exact plan, with what it was given for.

    `base_digest` and `live_fingerprint` are the plan's own, `protection` is the revision in force when it was given (0:
    none), `expires_at` when that one lets it expire, `factor_at` when the person last showed a second factor.
    """

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="approvals")
    actor = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    actor_text = models.CharField(max_length=150)
    approved = models.BooleanField()
    comment = models.TextField(blank=True, max_length=2000)
    plan_digest = models.CharField(max_length=64)
    base_digest = models.CharField(max_length=64, blank=True)
    live_fingerprint = models.CharField(max_length=64, blank=True)
    protection = models.PositiveIntegerField(default=0)
    saw = models.ForeignKey(Rendering, null=True, on_delete=models.PROTECT, related_name="+")
    factor_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["deployment", "actor"], name="one_review_per_person")]

    def __str__(self) -> str:
        return f"{'approved' if self.approved else 'rejected'} by {self.actor_text}"


class Awaited(models.Model):
    """That a plan waits for this person among others; worked out anew whenever the plan is weighed."""

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="awaited")
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["deployment", "person"], name="awaited_once")]

    def __str__(self) -> str:
        return f"{self.deployment_id} awaits {self.person_id}"


class FreezeOverride(models.Model):
    """An owner lets one exact plan run in spite of a freeze, for the window in which this was said."""

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="overrides")
    actor = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    actor_text = models.CharField(max_length=150)
    plan_digest = models.CharField(max_length=64)
    freeze = models.CharField(max_length=120)
    reason = models.TextField(max_length=2000)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.actor_text} overrides {self.freeze}"


class Emergency(models.Model):
    """One person deploys without approvals, with a reason; a debt until a second person has looked at it."""

    deployment = models.OneToOneField(Deployment, primary_key=True, on_delete=models.CASCADE, related_name="emergency")
    actor = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    actor_text = models.CharField(max_length=150)
    plan_digest = models.CharField(max_length=64)
    reason = models.TextField(max_length=2000)
    factor_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    reviewed_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    reviewed_by_text = models.CharField(max_length=150, blank=True)
    reviewed_at = models.DateTimeField(null=True)
    findings = models.TextField(blank=True, max_length=2000, help_text="what the second person says of it")

    def __str__(self) -> str:
        return f"emergency {self.deployment_id} by {self.actor_text}"


class ShownCode(models.Model):
    """That somebody showed a code of the environment's MFA device for one deployment; see `second_factor`."""

    deployment = models.OneToOneField(Deployment, primary_key=True, on_delete=models.CASCADE, related_name="shown_code")
    sealed = models.BinaryField(help_text="the credentials it gave, encrypted for this deployment")
    expires_at = models.DateTimeField()
    entered_by_text = models.CharField(max_length=150)

    def __str__(self) -> str:
        return f"code for {self.deployment_id} until {self.expires_at:%H:%M}"


class Step(models.Model):
    """Where one step of a run is; what its events say, folded, so that a page need not read them all."""

    class Status(models.TextChoices):
        """A step's life."""

        PENDING = "pending"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        SKIPPED = "skipped"
        CANCELLED = "cancelled"

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveIntegerField(help_text="order in the plan")
    step_id = models.CharField(max_length=300)
    logical_id = models.CharField(max_length=255)
    stack = models.CharField(max_length=100)
    type = models.CharField(max_length=150)
    operation = models.CharField(max_length=10)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    physical_id = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    seconds = models.FloatField(null=True)
    error = models.JSONField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["deployment", "step_id"], name="step_once_in_deployment")]

    def __str__(self) -> str:
        return f"{self.step_id} {self.status}"


class RunEvent(models.Model):
    """One line of a run's story (deployments.engine.events.Event); numbers have no gaps."""

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="events")
    number = models.PositiveIntegerField()
    time = models.CharField(max_length=30)
    code = models.CharField(max_length=30)
    step = models.CharField(max_length=300, blank=True)
    logical_id = models.CharField(max_length=255, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["deployment", "number"], name="event_number_in_deployment")]

    def __str__(self) -> str:
        return f"{self.number} {self.code}"


def new_lineage() -> str:
    """32 hex digits that name an environment's life."""
    return uuid.uuid4().hex


class EnvironmentState(models.Model):
    """The recorded state of one environment: its serial and lineage; the resources are `StateEntry` rows."""

    environment = models.OneToOneField(Environment, primary_key=True, on_delete=models.CASCADE, related_name="state")
    serial = models.PositiveIntegerField(default=0)
    lineage = models.CharField(max_length=32, default=new_lineage)
    updated_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.environment} serial {self.serial}"


class StateEntry(models.Model):
    """One recorded resource; a row each, so that a step writes one row and not the whole state."""

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="resources")
    logical_id = models.CharField(max_length=255)
    stack = models.CharField(max_length=100)
    type = models.CharField(max_length=150)
    physical_id = models.TextField()
    body = models.JSONField(help_text="deployments.engine.state.StateResource.as_dict")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["stack", "logical_id"]
        constraints = [models.UniqueConstraint(fields=["environment", "logical_id"], name="resource_in_environment")]

    def __str__(self) -> str:
        return f"{self.logical_id} {self.physical_id}"

    @property
    def attributes(self) -> dict[str, Any]:
        """What `Fn::GetAtt` answers."""
        attributes: dict[str, Any] = self.body.get("attributes", {})
        return attributes


class Lease(models.Model):
    """Who may write an environment now: one holder, numbered, for a limited time.

    Taking it is a conditional update; every write of a run checks the number, so that a holder who was replaced
    cannot write any more.
    """

    environment = models.OneToOneField(Environment, primary_key=True, on_delete=models.CASCADE, related_name="lease")
    fencing = models.PositiveBigIntegerField(default=0)
    holder = models.CharField(max_length=200, blank=True)
    deployment = models.ForeignKey(Deployment, null=True, on_delete=models.SET_NULL, related_name="+")
    heartbeat_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.environment} held by {self.holder or 'nobody'}"


class DriftCheck(models.Model):
    """What the last look at an environment's live resources found."""

    environment = models.OneToOneField(Environment, primary_key=True, on_delete=models.CASCADE, related_name="drift")
    status = models.CharField(max_length=10, choices=[(s, s) for s in ("checking", "clean", "drifted", "failed")])
    rows = models.JSONField(default=list, help_text="drifted resources: [{logicalId, type, reason, properties}]")
    error = models.TextField(blank=True)
    requested_by_text = models.CharField(max_length=150, blank=True)
    requested_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.environment} {self.status}"
