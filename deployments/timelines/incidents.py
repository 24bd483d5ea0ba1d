"""Noting that something went wrong, correcting what was noted, and saying that it is over; each in the audit log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from deployments.errors import NotAllowed, OutOfDate, WorkflowError
from deployments.timelines.models import Incident
from projects.access import role_in
from projects.audit.deeds import Deed
from projects.audit.writing import changed, write
from projects.models import Environment, Project, User
from projects.roles import Action, can


@dataclass(frozen=True, slots=True)
class Account:
    """What is said of an incident; without `environment` it is about all of them, without `ends_at` it goes on."""

    title: str
    begins_at: datetime
    ends_at: datetime | None = None
    environment: Environment | None = None
    link: str = ""
    text: str = ""

    def columns(self) -> dict[str, Any]:
        """Of the row."""
        return {name: getattr(self, name) for name in Account.__slots__}

    def plain(self) -> dict[str, Any]:
        """For the audit log."""
        where = self.environment.name if self.environment else ""
        said = self.columns() | {"environment": where, "begins_at": self.begins_at.isoformat()}
        return said | {"ends_at": self.ends_at.isoformat() if self.ends_at else None}


def account_of(incident: Incident) -> Account:
    """What was said of it last."""
    return Account(
        incident.title, incident.begins_at, incident.ends_at, incident.environment, incident.link, incident.text
    )


def may_note(actor: User, project: Project, environment: Environment | None) -> bool:
    """Whoever may deploy there; for all environments, whoever may in the project, with a token that reaches all."""
    if actor.scope is not None and actor.scope.environment not in ("", environment.name if environment else None):
        return False
    return can(role_in(project.pk, actor, environment), Action.RUN, actor.scope)


def note(*, project: Project, actor: User, said: Account, now: datetime) -> Incident:
    """A new incident.

    Raises:
        NotAllowed: the role is not enough there.
        WorkflowError: it ends before it begins.
    """
    _check(project, actor, said)
    with transaction.atomic():
        row = Incident.objects.create(
            project=project, noted_by=actor, noted_by_text=actor.text, noted_at=now, **said.columns()
        )
        _audit(Deed.INCIDENT_NOTED, row, actor, said.plain())
    return row


def change(*, incident: Incident, actor: User, said: Account, version: int) -> Incident:
    """Says something else of it; `version` is the one that the person saw.

    Raises:
        NotAllowed: the role is not enough where it was, or where it is now.
        OutOfDate: somebody else changed it meanwhile.
        WorkflowError: it ends before it begins.
    """
    before = account_of(incident)
    _check(incident.project, actor, before)
    _check(incident.project, actor, said)
    ends = before.ends_at is None and said == replace(before, ends_at=said.ends_at)
    with transaction.atomic():
        kept = Incident.objects.filter(pk=incident.pk, version=version)
        if not kept.update(version=F("version") + 1, **said.columns()):
            raise OutOfDate("Somebody else has changed the incident meanwhile. Reload the page.")
        incident.refresh_from_db()
        deed = Deed.INCIDENT_CLOSED if ends else Deed.INCIDENT_CHANGED
        _audit(deed, incident, actor, changed(before.plain(), said.plain()))
    return incident


def close(*, incident: Incident, actor: User, now: datetime) -> Incident:
    """It is over now; twice is once.

    Raises:
        NotAllowed, OutOfDate: as `change`.
    """
    if incident.ends_at is not None:
        return incident
    said = replace(account_of(incident), ends_at=max(now, incident.begins_at))
    return change(incident=incident, actor=actor, said=said, version=incident.version)


def _check(project: Project, actor: User, said: Account) -> None:
    if not may_note(actor, project, said.environment):
        where = said.environment.name if said.environment else "all environments"
        raise NotAllowed(f"Only those who may deploy to {where} can note an incident there.")
    if said.ends_at is not None and said.ends_at < said.begins_at:
        raise WorkflowError("An incident cannot end before it begins.")


def _audit(deed: Deed, row: Incident, actor: User, detail: dict[str, Any]) -> None:
    write(
        deed,
        actor=actor,
        project=row.project,
        environment=row.environment,
        target_type="incident",
        target=row.pk,
        detail=detail,
    )
