"""What an environment's resources really were when a worker last read them for a comparison."""

from __future__ import annotations

from django.db import models

from projects.models import Environment


class LiveReading(models.Model):
    """The last look at everything recorded in one environment, kept for a short while; see `live`."""

    environment = models.OneToOneField(
        Environment, primary_key=True, on_delete=models.CASCADE, related_name="live_reading"
    )
    status = models.CharField(max_length=10, choices=[(s, s) for s in ("reading", "read", "failed")])
    done = models.PositiveIntegerField(default=0, help_text="resources read so far")
    total = models.PositiveIntegerField(default=0, help_text="resources to read; 0 until that is known")
    resources = models.JSONField(default=dict, help_text="deployments.engine.state.StateResource.as_dict by logical id")
    fingerprint = models.CharField(max_length=64, blank=True, help_text="of what is there, as plans name it")
    error = models.TextField(blank=True)
    requested_by_text = models.CharField(max_length=150, blank=True)
    requested_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.environment} {self.status}"
