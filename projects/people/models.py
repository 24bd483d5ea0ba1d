"""Groups, roles in environments, invitations, and what acts in the name of people: tokens and service accounts."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from projects.models import Environment, Membership, Project, User
from projects.roles import Action, Role, Scope

ROLES = [(role.value, role.value) for role in Role]


class Group(models.Model):
    """Some of a project's members, by a name that roles and protection know them by; the name is chosen once.

    Chosen by hand, or, with `provider` and `claim`, whoever that sign-in provider says is in its group of that name.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="groups")
    name = models.CharField(max_length=100)
    provider = models.CharField(max_length=30, blank=True)
    claim = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="group_name_in_project"),
            models.UniqueConstraint(
                fields=["project", "provider", "claim"], condition=~models.Q(provider=""), name="claim_once_in_project"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.project}"


class GroupMember(models.Model):
    """A member of the project is in the group; whoever leaves the project leaves its groups."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="members")
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="in_groups")

    class Meta:
        ordering = ["membership__user__username"]
        constraints = [models.UniqueConstraint(fields=["membership", "group"], name="once_in_group")]

    def __str__(self) -> str:
        return f"{self.membership} in {self.group.name}"


class GroupRole(models.Model):
    """Members of the group have this role in the environment.

    Without an environment, whom the group's provider says is in it becomes a member of the project in this role.
    """

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="roles")
    environment = models.ForeignKey(Environment, null=True, on_delete=models.CASCADE, related_name="group_roles")
    role = models.CharField(max_length=10, choices=ROLES)

    class Meta:
        ordering = ["environment__position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["environment", "group"], name="one_role_per_group_and_environment"),
            models.UniqueConstraint(
                fields=["group"], condition=models.Q(environment=None), name="one_role_per_group_in_project"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group.name}: {self.role} in {self.environment or self.group.project}"


class EnvironmentRole(models.Model):
    """A member's role in one environment, given by hand; it outweighs their role in the project."""

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="environment_roles")
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(max_length=10, choices=ROLES)

    class Meta:
        ordering = ["environment__position", "pk"]
        constraints = [models.UniqueConstraint(fields=["membership", "environment"], name="one_role_per_environment")]

    def __str__(self) -> str:
        return f"{self.membership.user} ({self.role}) in {self.environment}"


class GivenRole(models.Model):
    """Marks a membership that came with a group, and leaves with it; one without this mark was given by hand."""

    membership = models.OneToOneField(Membership, primary_key=True, on_delete=models.CASCADE, related_name="given")
    # A mark that was lost would make a role of the group one by hand: the group goes after whom it brought.
    group = models.ForeignKey(Group, on_delete=models.RESTRICT, related_name="given")

    def __str__(self) -> str:
        return f"{self.membership} by {self.group}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Reads of invitations."""

    def pending(self) -> InvitationQuerySet:
        """Neither used nor taken back; some may have expired and can be sent again."""
        return self.filter(used_at=None, revoked_at=None)

    def open(self) -> InvitationQuerySet:
        """Those that still let somebody in."""
        return self.pending().filter(expires_at__gt=timezone.now())


class Invitation(models.Model):
    """A link that makes whoever opens it a member, once; of the link only the hash is kept."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=10, choices=ROLES)
    email = models.EmailField(blank=True, help_text="where the link was sent; empty: it was handed over")
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    invited_by_text = models.CharField(max_length=150)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    used_by_text = models.CharField(max_length=150, blank=True)
    revoked_at = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.email or 'a link'}: {self.role} in {self.project}"

    @property
    def expired(self) -> bool:
        """Its time is over."""
        return self.expires_at <= timezone.now()


class ServiceAccount(models.Model):
    """Marks a user that no person is: it belongs to one project, never signs in, and acts by tokens alone."""

    user = models.OneToOneField(User, primary_key=True, on_delete=models.CASCADE, related_name="service")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="service_accounts")
    name = models.CharField(max_length=40)
    made_by_text = models.CharField(max_length=150)
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name"],
                condition=models.Q(closed_at=None),
                name="service_account_in_project",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.project}"


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    """Reads of tokens."""

    def valid(self) -> ApiTokenQuerySet:
        """Those that still work."""
        return self.filter(revoked_at=None, expires_at__gt=timezone.now(), user__is_active=True)


class ApiToken(models.Model):
    """A secret by which a program acts as its owner, within a scope and a time; only its hash is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=12, help_text="how it begins, to tell tokens apart")
    token_hash = models.CharField(max_length=64, unique=True)
    project = models.ForeignKey(Project, null=True, on_delete=models.CASCADE, related_name="tokens")
    environment = models.CharField(max_length=20, blank=True)
    actions = models.JSONField(help_text="names of projects.roles.Action, besides VIEW")
    made_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    made_by_text = models.CharField(max_length=150)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    addresses = models.JSONField(default=list, help_text="where it was used from, the newest first")
    revoked_at = models.DateTimeField(null=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def scope(self) -> Scope:
        """What it may."""
        actions = frozenset(Action[name] for name in self.actions if name in Action.__members__)
        return Scope(actions, self.project.slug if self.project else "", self.environment)

    @property
    def state(self) -> str:
        """Empty while it works; else why it does not."""
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at <= timezone.now() else ""
