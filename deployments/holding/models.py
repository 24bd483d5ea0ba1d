"""What is held back where and why, and the plans that people let pass."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from deployments.models import Deployment
from deployments.releases import Release, release_of
from projects.models import Environment, Project, User


class HoldQuerySet(models.QuerySet["Hold"]):
    """Reads of holds, the newest first."""

    def standing(self) -> HoldQuerySet:
        """Those that nobody has lifted."""
        return self.filter(lifted_at=None)

    def at(self, environment: Environment) -> HoldQuerySet:
        """Those of this environment and those of all environments of its project."""
        return self.filter(Q(environment=environment) | Q(environment=None), project=environment.project_id)

    def of_release(self, deployment: Deployment) -> HoldQuerySet:
        """Those of the release that the deployment brings: this very text and these sources."""
        return self.exclude(configuration_digest="").filter(
            configuration_digest=deployment.configuration.digest, source_digest=release_of(deployment).source_digest
        )


class Hold(models.Model):
    """One release is quarantined, or everything is held, in one environment or in all of the project, until resumed.

    `configuration_digest` is empty where everything is held, `environment` where it is so in all of them. `placed_by`
    is empty where a failed run was taken back by itself. Texts are copied, so that history does not depend on accounts.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="holds")
    environment = models.ForeignKey(Environment, null=True, on_delete=models.CASCADE, related_name="holds")
    configuration_number = models.PositiveIntegerField(null=True, help_text="revision of the release")
    configuration_digest = models.CharField(max_length=64, blank=True, help_text="empty: everything is held")
    source_digest = models.CharField(max_length=64, blank=True)
    reason = models.TextField(max_length=2000)
    because_of = models.ForeignKey(
        Deployment, null=True, on_delete=models.SET_NULL, related_name="holds", help_text="the rollback that placed it"
    )
    placed_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    placed_by_text = models.CharField(max_length=150)
    placed_at = models.DateTimeField()
    lifted_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    lifted_by_text = models.CharField(max_length=150, blank=True)
    lifted_at = models.DateTimeField(null=True)
    lift_reason = models.TextField(blank=True, max_length=2000)

    objects = HoldQuerySet.as_manager()

    class Meta:
        ordering = ["-placed_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "configuration_digest", "source_digest"],
                condition=Q(lifted_at=None, environment__isnull=False),
                name="held_once_in_environment",
            ),
            models.UniqueConstraint(
                fields=["project", "configuration_digest", "source_digest"],
                condition=Q(lifted_at=None, environment__isnull=True),
                name="held_once_in_project",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what} held in {self.where}"

    @property
    def release(self) -> Release | None:
        """The quarantined release; None where everything is held."""
        return Release(self.configuration_number, self.source_digest) if self.configuration_number else None

    @property
    def what(self) -> str:
        """`revision 5 · source 3fa9c1`, or `everything`."""
        return self.release.name if self.release else "everything"

    @property
    def where(self) -> str:
        """The environment's name, or that it is all of them."""
        return self.environment.name if self.environment else "all environments"

    @property
    def by_itself(self) -> bool:
        """No person placed it: a failed run was taken back."""
        return bool(self.because_of and self.because_of.undoes)


class HoldPass(models.Model):
    """A person lets one exact plan run in spite of a hold, and says why."""

    hold = models.ForeignKey(Hold, on_delete=models.CASCADE, related_name="passes")
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="hold_passes")
    actor = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    actor_text = models.CharField(max_length=150)
    plan_digest = models.CharField(max_length=64)
    reason = models.TextField(max_length=2000)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["hold", "deployment"], name="passed_once")]

    def __str__(self) -> str:
        return f"{self.actor_text} lets {self.deployment_id} pass {self.hold_id}"
