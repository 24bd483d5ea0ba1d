"""The index of the history: one row per record, for pages that list and search; the store has the truth."""

from __future__ import annotations

from django.db import models

from history.retention import Policy
from projects.models import Environment, Project


class RecordQuerySet(models.QuerySet["Record"]):
    """Reads of records, newest first unless said otherwise."""

    def of_environment(self, environment: Environment) -> RecordQuerySet:
        """Those of one environment."""
        return self.filter(environment=environment).newest_first()

    def of_project(self, project: Project) -> RecordQuerySet:
        """Those of all environments of a project."""
        return self.filter(project=project).newest_first()

    def newest_first(self) -> RecordQuerySet:
        """The order of every list: by start, and by id where two started in the same instant."""
        return self.order_by("-started_at", "-deployment_id")

    def succeeded(self) -> RecordQuerySet:
        """Those one can go back to with confidence."""
        return self.filter(status="succeeded")


class Record(models.Model):
    """What one deployment left behind, as far as lists need it.

    Project and environment stand here twice: as names, which the store knows and which outlive their rows, and as
    references, which pages and permissions go by; a reference is empty once what it pointed to is gone.
    """

    project = models.ForeignKey(Project, null=True, on_delete=models.SET_NULL, related_name="records")
    environment = models.ForeignKey(Environment, null=True, on_delete=models.SET_NULL, related_name="records")
    project_slug = models.CharField(max_length=40)
    environment_name = models.CharField(max_length=20)
    deployment_id = models.CharField(max_length=100, unique=True)
    sequence = models.PositiveIntegerField(help_text="place in the environment's chain, from 1")

    kind = models.CharField(max_length=20)
    status = models.CharField(max_length=20)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    duration_seconds = models.FloatField()
    deployed_by = models.CharField(max_length=150)
    method = models.CharField(max_length=20)
    version = models.CharField(max_length=100)
    configuration_number = models.PositiveIntegerField()
    source_digest = models.CharField(max_length=64, blank=True)
    created = models.PositiveIntegerField(help_text="resources the run created")
    updated = models.PositiveIntegerField(help_text="resources the run updated")
    deleted = models.PositiveIntegerField(help_text="resources the run deleted")
    replaced = models.PositiveIntegerField(help_text="resources the run replaced")
    resource_count = models.PositiveIntegerField(help_text="resources there were afterwards")
    monthly_usd = models.FloatField(null=True, help_text="fixed monthly cost afterwards; empty when unknown")
    tags = models.JSONField(default=dict)
    what_changed = models.TextField(blank=True)
    rollback_to = models.CharField(max_length=100, blank=True)
    undoes = models.CharField(max_length=100, blank=True, help_text="id of the failed run it took back")
    promoted_from = models.CharField(max_length=20, blank=True, help_text="environment whose deployment it brought")
    approved_by = models.JSONField(default=list, help_text="names of those who approved it")
    verdict = models.CharField(max_length=30, blank=True, help_text="of a rollback's certificate")

    prefix = models.CharField(max_length=300, help_text="folder in the store, ends with a slash")
    manifest_digest = models.CharField(max_length=64)
    previous_digest = models.CharField(max_length=64, blank=True)
    signed_by = models.CharField(max_length=64, blank=True, help_text="id of the key; empty in records without one")

    labels = models.JSONField(default=list, help_text="names of the tags it has, as annotations say")
    holds = models.JSONField(default=list, help_text="names of its own legal holds, without the environment's")
    expired_at = models.DateTimeField(null=True, help_text="when its documents were let go; the tombstone says why")
    cleared = models.BooleanField(default=False, help_text="it has expired, and nothing is left of its documents")

    objects = RecordQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-deployment_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["project_slug", "environment_name", "sequence"], name="record_sequence_in_environment"
            )
        ]
        indexes = [
            models.Index(fields=["environment", "-started_at", "-deployment_id"], name="record_of_environment"),
            models.Index(fields=["project", "-started_at", "-deployment_id"], name="record_of_project"),
        ]

    def __str__(self) -> str:
        return f"{self.project_slug}/{self.environment_name} {self.deployment_id}"


class AnnotationQuerySet(models.QuerySet["Annotation"]):
    """Reads of annotations, in the order in which they were said."""

    def of_environment(self, project: str, environment: str) -> AnnotationQuerySet:
        """Those of one environment, by the names the store uses."""
        return self.filter(project_slug=project, environment_name=environment)

    def in_force(self) -> AnnotationQuerySet:
        """Those that nobody took back."""
        return self.filter(lifted=False)


class Annotation(models.Model):
    """What was said of a record later: an entry of `annotations/` in the store, as far as pages need it."""

    project_slug = models.CharField(max_length=40)
    environment_name = models.CharField(max_length=20)
    number = models.PositiveIntegerField(help_text="place among the environment's annotations, from 1")
    sequence = models.PositiveIntegerField(help_text="of the record it is about")
    deployment_id = models.CharField(max_length=100)
    says = models.CharField(max_length=20, help_text="history.annotation.Says")
    value = models.CharField(max_length=100, blank=True, help_text="name of the tag or hold")
    reason = models.TextField(blank=True)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()
    lifted = models.BooleanField(default=False, help_text="a later one took it back")
    policy = models.JSONField(default=dict, help_text="of a tombstone: the policy that let the record go")
    files = models.JSONField(default=list, help_text="of a tombstone: the files that went")
    digest = models.CharField(max_length=64)
    signed_by = models.CharField(max_length=64)

    objects = AnnotationQuerySet.as_manager()

    class Meta:
        ordering = ["project_slug", "environment_name", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["project_slug", "environment_name", "number"], name="annotation_number_in_environment"
            )
        ]
        indexes = [
            models.Index(fields=["deployment_id", "number"], name="annotation_of_record"),
            models.Index(fields=["project_slug", "says", "lifted", "value"], name="annotation_by_value"),
        ]

    def __str__(self) -> str:
        return f"{self.says} {self.value or self.deployment_id}"


class RetentionPolicy(models.Model):
    """How long an environment's records are kept; without a row everything is."""

    environment = models.OneToOneField(
        Environment, primary_key=True, on_delete=models.CASCADE, related_name="retention"
    )
    keep_last = models.PositiveIntegerField()
    succeeded_days = models.PositiveIntegerField(null=True, help_text="empty: for ever")
    failed_days = models.PositiveIntegerField(null=True, help_text="empty: for ever")
    changed_by_text = models.CharField(max_length=150)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.environment}: {self.value()}"

    def value(self) -> Policy:
        """What it says."""
        return Policy(self.keep_last, self.succeeded_days, self.failed_days)
