"""One entry into the audit log, in the transaction of what it tells of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from projects.audit.acting import circumstances
from projects.audit.deeds import Deed, Outcome
from projects.audit.models import AuditEntry, chain_of
from projects.models import Environment, Project, User

SYSTEM = "strandsweb"


def write(
    deed: Deed,
    *,
    actor: User | AnonymousUser | None,
    project: Project | None = None,
    environment: Environment | None = None,
    target_type: str = "",
    target: object = "",
    outcome: Outcome = Outcome.DONE,
    actor_text: str = "",
    detail: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Says who did what; call it inside the transaction that does it, so that there is never one without the other.

    `project` is the environment's where none is named. `detail` is JSON and holds no secrets: `{before, after}` where
    something changed. Without an actor it was strandsweb itself, unless `actor_text` names somebody without an account.
    """
    now = circumstances()
    project = project or (environment.project if environment else None)
    person = actor if isinstance(actor, User) else None
    return AuditEntry.objects.create(
        chain=chain_of(project),
        time=timezone.now(),
        deed=deed,
        outcome=outcome,
        actor_id=person.pk if person else None,
        actor_text=(actor_text or (person.text if person else SYSTEM))[:150],
        via=now.via,
        token=now.token[:100],
        address=now.address[:45],
        request_id=now.request_id[:40],
        environment=environment.name if environment else "",
        target_type=target_type,
        target=str(target)[:300],
        detail=dict(detail or {}),
    )


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The `detail` of a change: the values that differ, before and after; empty when none does."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if not names:
        return {}
    return {
        "before": {name: before[name] for name in names if name in before},
        "after": {name: after[name] for name in names if name in after},
    }
