"""The certificate of a run, as it is sealed, and the last look at how much of it still holds."""

from __future__ import annotations

import json

from django.db import models

from deployments.engine.certificate import Certificate
from deployments.models import Deployment


class CertificateDocument(models.Model):
    """Beside the deployment, so that lists never load it.

    `text` is the canonical JSON that its record holds as `certificate.json`, written once; empty where the run was no
    rollback. `again` is what somebody asked for later, a certificate too; it is sealed nowhere.
    """

    deployment = models.OneToOneField(
        Deployment, primary_key=True, on_delete=models.CASCADE, related_name="certificate"
    )
    text = models.TextField(blank=True)
    again = models.JSONField(null=True)
    reading = models.BooleanField(default=False, help_text="somebody asked to look again, and a worker has yet to")
    asked_by_text = models.CharField(max_length=150, blank=True)
    asked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"certificate of {self.deployment_id}"

    def value(self) -> Certificate:
        """The sealed one."""
        return Certificate.from_dict(json.loads(self.text))
