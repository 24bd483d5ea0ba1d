"""Roles that come with a provider's groups, beside memberships that are given by hand."""

from __future__ import annotations

from django.db import models

from projects.models import Membership, Project
from projects.roles import Role

ROLES = [(role.value, role.value) for role in Role]


class GroupRole(models.Model):
    """Members of a provider's group have this role in the project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="group_roles")
    provider = models.CharField(max_length=30)
    group = models.CharField(max_length=200)
    role = models.CharField(max_length=10, choices=ROLES)

    class Meta:
        ordering = ["provider", "group"]
        constraints = [models.UniqueConstraint(fields=["project", "provider", "group"], name="one_role_per_group")]

    def __str__(self) -> str:
        return f"{self.group} of {self.provider}: {self.role} in {self.project}"


class GivenRole(models.Model):
    """Marks a membership that came with a group, and leaves with it; one without this mark was given by hand."""

    membership = models.OneToOneField(Membership, primary_key=True, on_delete=models.CASCADE, related_name="given")
    provider = models.CharField(max_length=30)
    group = models.CharField(max_length=200)

    def __str__(self) -> str:
        return f"{self.membership} by {self.group} of {self.provider}"
