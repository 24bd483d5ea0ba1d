"""The protection of an environment over time: which revision is in force, and how another comes to be."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from projects.audit.deeds import Deed
from projects.audit.writing import SYSTEM
from projects.audit.writing import write as audit
from projects.models import Environment, ProtectionRevision, User
from projects.protection.comparing import differences
from projects.protection.model import Protection, Requirement
from projects.protection.reading import read_json

USUAL = Protection(approvals=(Requirement(),))
"""What an environment asks for that is made protected without saying more."""


@dataclass(frozen=True, slots=True)
class InForce:
    """What an environment asks for now; number 0 is the empty protection of one that never had another."""

    number: int
    protection: Protection

    @property
    def digest(self) -> str:
        """SHA-256 of what it asks for."""
        return self.protection.digest()


def in_force(environment: Environment) -> InForce:
    """The revision in force, by one query."""
    row = environment.protections.exclude(in_force_at=None).order_by("-number").first()
    return InForce(row.number, read_json(row.text)) if row else InForce(0, Protection())


def put_in_force(
    *, environment: Environment, protection: Protection, author: User | None, message: str = ""
) -> ProtectionRevision:
    """The next revision, at once; whoever asks has made sure that nobody else has to consent."""
    with transaction.atomic():
        Environment.objects.select_for_update().get(pk=environment.pk)
        before = in_force(environment)
        now = timezone.now()
        environment.protections.filter(in_force_at=None, closed_at=None).update(closed_at=now)
        newest = environment.protections.order_by("-number").values_list("number", flat=True).first() or 0
        row = ProtectionRevision.objects.create(
            environment=environment,
            number=newest + 1,
            text=protection.to_json(),
            digest=protection.digest(),
            message=message,
            author=author,
            author_text=author.text if author else SYSTEM,
            in_force_at=now,
        )
        _mark(environment, protection)
        audit(
            Deed.PROTECTION_CHANGED,
            actor=author,
            environment=environment,
            target_type="protection",
            target=row.number,
            detail={
                "message": message,
                "changes": [str(each) for each in differences(before.protection, protection)],
                "before": before.protection.as_dict(),
                "after": protection.as_dict(),
            },
        )
    return row


def _mark(environment: Environment, protection: Protection) -> None:
    """Keeps the row's own word on whether it is protected in step."""
    environment.protected = protection != Protection()
    environment.save(update_fields=["protected"])
