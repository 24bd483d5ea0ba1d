"""What the database has of a record's documents goes with them: expired is gone."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from deployments.models import Approval, Deployment, ImportRequest, PlanDocument, Rendering


@transaction.atomic
def forget(public_id: str) -> None:
    """Removes the plan, what reviewers saw of it, the events and steps of a deployment; safe to repeat.

    Who proposed, approved and ran it stays, as the audit log says it too.
    """
    found = Deployment.objects.filter(public_id=public_id).first()
    if found is None or found.expired_at is not None:
        return
    seen = set(Approval.objects.filter(deployment=found, saw__isnull=False).values_list("saw", flat=True))
    Approval.objects.filter(deployment=found).update(saw=None)
    still_seen = set(Approval.objects.filter(saw__in=seen).values_list("saw", flat=True))
    Rendering.objects.filter(digest__in=seen - still_seen).delete()
    PlanDocument.objects.filter(deployment=found).delete()
    ImportRequest.objects.filter(deployment=found).delete()
    found.events.all().delete()
    found.steps.all().delete()
    Deployment.objects.filter(pk=found.pk).update(expired_at=timezone.now(), summary={}, problems=[])
