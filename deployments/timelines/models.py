"""Incidents: what went wrong in a project and when, as people note it."""

from __future__ import annotations

from django.db import models

from projects.models import Environment, Project, User


class Incident(models.Model):
    """Something went wrong, in one environment or (without one) in all of the project; open until it has an end."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="incidents")
    environment = models.ForeignKey(Environment, null=True, on_delete=models.CASCADE, related_name="incidents")
    title = models.CharField(max_length=120)
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, help_text="empty while it goes on")
    link = models.URLField(max_length=500, blank=True)
    text = models.TextField(blank=True, max_length=4000)
    noted_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    noted_by_text = models.CharField(max_length=150)
    noted_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1, help_text="how often it was written; who changes it names it")

    class Meta:
        ordering = ["-begins_at", "-pk"]
        indexes = [models.Index(fields=["project", "-begins_at", "-id"], name="incident_of_project")]

    def __str__(self) -> str:
        return self.title

    @property
    def where(self) -> str:
        """The environment, or that it is all of them."""
        return self.environment.name if self.environment else "all environments"
