"""People, projects, environments and what is wanted in them, as rows."""

from __future__ import annotations

import hashlib
import secrets

from django.contrib.auth.models import AbstractUser
from django.core.validators import RegexValidator
from django.db import models

from projects.roles import Role, Scope, ViewAs

name_validator = RegexValidator(
    r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", "Use lower-case letters, digits and single hyphens, starting with a letter."
)
account_validator = RegexValidator(r"^\d{12}$", "An AWS account id has 12 digits.")
region_validator = RegexValidator(r"^[a-z]{2}(-[a-z]+)+-\d$", "A region looks like us-east-1.")
role_arn_validator = RegexValidator(
    r"^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}$",
    "A role ARN looks like arn:aws:iam::123456789012:role/name.",
)
mfa_validator = RegexValidator(
    r"^[\w+=/:,.@-]{9,256}$", "A device's serial looks like arn:aws:iam::123456789012:mfa/name."
)
profile_validator = RegexValidator(r"^[\w.@-]+$", "A profile's name has letters, digits and . _ @ -")


def new_external_id() -> str:
    """An unguessable external id for assuming a role; made by the server, never chosen by a person."""
    return secrets.token_urlsafe(24)


class User(AbstractUser):
    """A person who signs in. Ours from the first migration on, so that it can grow."""

    scope: Scope | None = None
    """What the API token of this request narrows the person to; None when they signed in themselves."""
    view_as: ViewAs | None = None
    """The role as which they look at a project of theirs, in this session; None when as themselves."""

    @property
    def text(self) -> str:
        """How this person is named in records: full name when there is one, else the username."""
        return self.get_full_name() or self.username


class ProjectQuerySet(models.QuerySet["Project"]):
    """Reads of projects."""

    def visible_to(self, user: User) -> ProjectQuerySet:
        """The projects this person is a member of."""
        return self.filter(memberships__user=user)


class Project(models.Model):
    """A set of agents and resources that one team deploys together; the slug is `project.name` of its strands.yaml."""

    slug = models.CharField("name", max_length=40, unique=True, validators=[name_validator])
    description = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug

    @property
    def latest_configuration(self) -> Configuration | None:
        """The newest revision, if there is one."""
        return self.configurations.order_by("-number").first()

    @property
    def latest_source(self) -> SourceBundle | None:
        """The source bundle registered last, if there is one."""
        return self.sources.order_by("-created_at", "-pk").first()


class Membership(models.Model):
    """A person's role in a project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=[(role.value, role.value) for role in Role])
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["user__username"]
        constraints = [models.UniqueConstraint(fields=["project", "user"], name="one_role_per_member")]

    def __str__(self) -> str:
        return f"{self.user} ({self.role}) in {self.project}"


class Credentials(models.TextChoices):
    """How an environment's account is reached; the last two are for strandsweb on a machine of one's own."""

    ROLE = "role", "a role that is assumed"
    PROFILE = "profile", "a named profile of the server"
    AMBIENT = "ambient", "what the server finds by itself"


class Environment(models.Model):
    """Where a project is deployed: an account and region, how they are reached, and who must agree.

    The row, not strands.yaml, decides where deployments go: a configuration that names another account or region
    for the environment is refused when it is planned.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="environments")
    name = models.CharField(max_length=20, validators=[name_validator])
    account = models.CharField(max_length=12, validators=[account_validator])
    region = models.CharField(max_length=25, validators=[region_validator])
    credentials = models.CharField(max_length=10, choices=Credentials.choices, default=Credentials.AMBIENT)
    role_arn = models.CharField("role to assume", max_length=600, blank=True, validators=[role_arn_validator])
    read_role_arn = models.CharField("role to read", max_length=600, blank=True, validators=[role_arn_validator])
    mfa_serial = models.CharField("MFA device", max_length=256, blank=True, validators=[mfa_validator])
    profile = models.CharField(max_length=64, blank=True, validators=[profile_validator])
    external_id = models.CharField(max_length=64, default=new_external_id, editable=False)
    protected = models.BooleanField(
        default=False, editable=False, help_text="whether the protection in force asks for anything; see `protecting`"
    )
    automatic_rollback = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="environment_name_in_project")]

    def __str__(self) -> str:
        return f"{self.project.slug}/{self.name}"

    @property
    def asks_for_code(self) -> bool:
        """Whoever writes to it has to enter a code of an MFA device; planning only reads."""
        return bool(self.mfa_serial) and self.credentials == Credentials.ROLE


class RevisionState(models.TextChoices):
    """What became of a change of protection; the label completes "revision 4 ..."."""

    WAITS = "waits", "waits for another owner"
    TOOK_EFFECT = "took effect", "took effect"
    DECLINED = "declined", "was declined"
    WITHDRAWN = "withdrawn", "was withdrawn"
    OVERTAKEN = "overtaken", "was overtaken by a newer one"


class ProtectionRevision(models.Model):
    """One numbered revision of what an environment asks of plans; what it says is never changed once written.

    The newest one that took effect is in force. One that did neither, and is not closed, waits for another owner.
    """

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="protections")
    number = models.PositiveIntegerField()
    text = models.TextField(help_text="projects.protection.model.Protection as canonical JSON")
    digest = models.CharField(max_length=64)
    message = models.CharField(max_length=200, blank=True)
    author = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    author_text = models.CharField(max_length=150)
    created_at = models.DateTimeField(auto_now_add=True)
    in_force_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True, help_text="when it was declined, withdrawn or overtaken")
    settled_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    settled_by_text = models.CharField(max_length=150, blank=True, help_text="who consented, declined or withdrew")

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["environment", "number"], name="protection_number_in_environment"),
            models.UniqueConstraint(
                fields=["environment"],
                condition=models.Q(in_force_at=None, closed_at=None),
                name="one_protection_waits",
            ),
        ]

    def __str__(self) -> str:
        return f"protection {self.number} of {self.environment}"

    @property
    def state(self) -> RevisionState:
        """What became of it."""
        if self.in_force_at:
            return RevisionState.TOOK_EFFECT
        if not self.closed_at:
            return RevisionState.WAITS
        if not self.settled_by_text:
            return RevisionState.OVERTAKEN
        mine = (self.settled_by_id, self.settled_by_text) == (self.author_id, self.author_text)
        return RevisionState.WITHDRAWN if mine else RevisionState.DECLINED


class PromotionPath(models.Model):
    """In which order the environments of a project get a release; see `projects.paths`."""

    project = models.OneToOneField(Project, primary_key=True, on_delete=models.CASCADE, related_name="path")
    number = models.PositiveIntegerField(help_text="counts its changes, so that of two owners one finds the other's")
    environments = models.JSONField(help_text="names, each once, from the first to the last")
    changed_by_text = models.CharField(max_length=150)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"path {self.number} of {self.project_id}"


class Configuration(models.Model):
    """One numbered revision of a project's strands.yaml; never changed once written."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="configurations")
    number = models.PositiveIntegerField()
    text = models.TextField()
    digest = models.CharField(max_length=64)
    message = models.CharField(max_length=200, blank=True)
    author = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    author_text = models.CharField(max_length=150)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["project", "number"], name="configuration_number_in_project")]

    def __str__(self) -> str:
        return f"{self.project.slug} revision {self.number}"

    @staticmethod
    def digest_of(text: str) -> str:
        """SHA-256 of the text's UTF-8 bytes."""
        return hashlib.sha256(text.encode()).hexdigest()


class SourceBundle(models.Model):
    """The code of a project's agents at one moment, stored once by its content's digest."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="sources")
    digest = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    files = models.JSONField(help_text="[[path, sha256, size in bytes], ...], sorted")
    origin = models.CharField(max_length=200, help_text="where it came from, for people")
    branches = models.JSONField(default=list, help_text="Git branches it was uploaded from, as those said who did it")
    author = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    author_text = models.CharField(max_length=150)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["project", "digest"], name="source_once_in_project")]

    def __str__(self) -> str:
        return f"{self.project.slug} source {self.digest[:12]}"

    @property
    def short_digest(self) -> str:
        """The first 12 digits, for people."""
        return self.digest[:12]
