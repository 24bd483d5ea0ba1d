"""Every run of a period with who stood for it, and around which rules it went; read as they come, however many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q

from history.adoption import taken_over
from history.compliance.period import Period
from history.models import Record, RecordQuerySet
from history.reading import Damaged, Expired, TooLarge, open_record
from history.reviews import Said, what
from history.store import Store
from projects.audit.deeds import Deed
from projects.audit.models import AuditEntry
from projects.models import Project, ProtectionRevision
from projects.protection.reading import read_json

PASSES = {
    Deed.GLASS_BROKEN: Said.EMERGENCY,
    Deed.FREEZE_OVERRIDDEN: Said.FREEZE,
    Deed.HOLD_PASSED: Said.HOLD,
}
EARLIER = timedelta(days=90)
"""How long before its run somebody may have let a plan pass."""
COLUMNS = (
    "deployment_id", "environment_name", "environment_id", "sequence", "kind", "status", "started_at", "ended_at",
    "duration_seconds", "deployed_by", "method", "version", "configuration_number", "approved_by", "manifest_digest",
    "signed_by", "prefix", "rollback_to", "project_slug", "what_changed", "expired_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `own` says that somebody approved what they proposed or ran themselves.

    `allowed` is why it could run without approval, "" where it had one; `reviewed_by` who looked at an emergency
    afterwards. `known` is False where the record could not be asked who let it pass.
    """

    row: Record
    proposed_by: str
    approved_by: tuple[str, ...]
    passes: tuple[Said, ...]
    allowed: str
    reviewed_by: str = ""
    known: bool = True

    @property
    def own(self) -> bool:
        """Proposer, or who ran it, among the approvers."""
        return bool({self.proposed_by, self.row.deployed_by} & set(self.approved_by))

    @property
    def unreviewed(self) -> bool:
        """An emergency that nobody has looked at."""
        return Said.EMERGENCY in self.passes and not self.reviewed_by


@dataclass(slots=True)
class _Log:
    """What the audit log says of deployments, by their id."""

    proposed: dict[str, str] = field(default_factory=dict)
    passes: dict[str, set[Said]] = field(default_factory=dict)
    reviewed: dict[str, str] = field(default_factory=dict)


def rows_of(project: Project, period: Period) -> RecordQuerySet:
    """The runs that ended in the period, by their rows."""
    rows = Record.objects.filter(project=project, ended_at__gte=period.start, ended_at__lt=period.end)
    return rows.filter(environment_name__in=period.environments) if period.environments else rows


def runs(project: Project, period: Period, store: Store, *, most_reads: int | None = None) -> Iterator[Run]:
    """Oldest first. Of runs that another installation recorded, the record is asked: of `most_reads` at most."""
    log, rules = _log(project, period), _Rules(project)
    theirs: dict[str, int] = {}
    reads = 0
    rows = rows_of(project, period).only(*COLUMNS).order_by("ended_at", "deployment_id")
    for row in rows.iterator(chunk_size=1000):
        place = f"{row.project_slug}/{row.environment_name}"
        if place not in theirs:
            theirs[place] = taken_over(store, place)
        passes, approved, known = log.passes.get(row.deployment_id, set()), tuple(row.approved_by), True
        if row.sequence <= theirs[place]:
            reads += 1
            known = most_reads is None or reads <= most_reads
            said = _said(row, store) if known else None
            known = said is not None
            passes, approved = (said[0], said[1] or approved) if said else (passes, approved)
        yield Run(
            row=row,
            proposed_by=log.proposed.get(row.deployment_id, row.deployed_by),
            approved_by=approved,
            passes=tuple(sorted(passes)),
            allowed="" if approved else _allowed(passes, rules, row),
            reviewed_by=log.reviewed.get(row.deployment_id, ""),
            known=known,
        )


def _allowed(passes: set[Said], rules: _Rules, row: Record) -> str:
    if Said.EMERGENCY in passes:
        return "an emergency"
    return rules.why(row.environment_id, row.started_at)


def _said(row: Record, store: Store) -> tuple[set[Said], tuple[str, ...]] | None:
    """Passes and approvers as the record has them; None when it cannot be read."""
    try:
        said = open_record(row, store).approvals()
    except (Damaged, Expired, TooLarge):
        return None
    kinds = {what(each) for each in said}
    names = tuple(each["actor"]["name"] for each in said if what(each) is Said.APPROVED)
    return kinds & set(PASSES.values()), names


def _log(project: Project, period: Period) -> _Log:
    found = _Log()
    about = AuditEntry.objects.filter(chain=project.pk, target_type="deployment", time__gte=period.start - EARLIER)
    early = Q(deed__in=[Deed.PLAN_PROPOSED, *PASSES], time__lt=period.end)
    entries = about.filter(early | Q(deed=Deed.EMERGENCY_REVIEWED)).order_by("id")
    for deed, target, actor in entries.values_list("deed", "target", "actor_text").iterator(chunk_size=2000):
        if deed == Deed.PLAN_PROPOSED:
            found.proposed[target] = actor
        elif deed == Deed.EMERGENCY_REVIEWED:
            found.reviewed[target] = actor
        else:
            found.passes.setdefault(target, set()).add(PASSES[Deed(deed)])
    return found


class _Rules:
    """How many approvals each environment asked for, and when."""

    def __init__(self, project: Project) -> None:
        said = ProtectionRevision.objects.filter(environment__project=project).exclude(in_force_at=None)
        self._said: dict[int, list[tuple[datetime, int, bool]]] = {}
        for row in said.order_by("in_force_at"):
            assert row.in_force_at is not None, "the others are excluded"
            asks = any(each.count for each in read_json(row.text).approvals)
            self._said.setdefault(row.environment_id, []).append((row.in_force_at, row.number, asks))

    def why(self, environment_id: int | None, moment: datetime) -> str:
        """Why nobody had to approve then, as far as is known."""
        if environment_id is None:
            return "not known, as the environment is gone"
        last = [entry for entry in self._said.get(environment_id, ()) if entry[0] <= moment][-1:]
        for _, number, asks in last:
            return (
                f"protection {number} asked, and its record has none" if asks else f"protection {number} asked for none"
            )
        return "nothing was protected"
