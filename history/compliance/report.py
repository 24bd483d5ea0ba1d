"""A compliance report as a value: figures, people, exceptions, what is owed, and what was changed about the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeVar

from django.db.models import Count, Q

from history.annotation import Says
from history.compliance.figures import Figures
from history.compliance.period import Period
from history.compliance.runs import Run, runs
from history.models import Annotation
from history.store import Store
from projects.audit.deeds import Deed
from projects.audit.models import AuditEntry
from projects.models import Project

LISTED = 100
"""Rows of each list; what is beyond is counted."""
MOST_READS = 500
"""Imported records that are asked who let them pass; the CSV asks all."""
RULES = (
    Deed.PROTECTION_PROPOSED, Deed.PROTECTION_CONSENTED, Deed.PROTECTION_DECLINED, Deed.PROTECTION_WITHDRAWN,
    Deed.PROTECTION_CHANGED, Deed.PATH_CHANGED, Deed.RETENTION_CHANGED, Deed.AUDIT_KEPT, Deed.ENVIRONMENT_CREATED,
    Deed.ENVIRONMENT_CHANGED, Deed.HOLD_PLACED, Deed.HOLD_LIFTED,
)  # fmt: skip
RIGHTS = (
    Deed.MEMBER_ADDED, Deed.MEMBER_REMOVED, Deed.ROLE_CHANGED, Deed.ROLE_GIVEN, Deed.ROLE_TAKEN, Deed.GROUP_JOINED,
    Deed.GROUP_LEFT, Deed.GROUP_ROLE_GIVEN, Deed.GROUP_ROLE_TAKEN, Deed.PROJECT_IMPORTED,
)  # fmt: skip
KEPT = {
    Says.HOLD: "legal holds placed", Says.UNHOLD: "legal holds lifted",
    Says.HOLD_ALL: "legal holds placed on an environment", Says.UNHOLD_ALL: "legal holds of an environment lifted",
    Says.EXPIRED: "records whose documents expired", Says.TAG: "tags given",
}  # fmt: skip

T = TypeVar("T")


@dataclass(slots=True)
class Listed(Generic[T]):
    """The first rows of a list, and how many there are."""

    rows: list[T] = field(default_factory=list)
    count: int = 0

    def add(self, row: T) -> None:
        """One more."""
        self.count += 1
        if len(self.rows) < LISTED:
            self.rows.append(row)

    @property
    def more(self) -> int:
        """How many are not shown."""
        return self.count - len(self.rows)


@dataclass(frozen=True, slots=True)
class Report:
    """What the page, the PDF and whoever else shows."""

    period: Period
    figures: Figures
    deployed_by: list[tuple[str, int]]
    approved_by: list[tuple[str, int]]
    exceptions: Listed[Run]
    own: Listed[Run]
    unreviewed: Listed[Run]
    unapproved: Listed[Run]
    reasons: list[tuple[str, int]]
    failed: Listed[Run]
    rules: Listed[AuditEntry]
    rights: Listed[AuditEntry]
    kept: list[tuple[str, int]]
    unknown: int


def report_of(project: Project, period: Period, store: Store) -> Report:
    """Reads the runs of the period one by one; what it holds does not grow with them."""
    saved_at = dict(project.configurations.values_list("number", "created_at"))
    figures = Figures(saved_at=saved_at, days=period.days)
    deployers, approvers, reasons = Counter[str](), Counter[str](), Counter[str]()
    exceptions, own, unreviewed, unapproved, failed = (Listed[Run]() for _ in range(5))
    unknown = 0
    for run in runs(project, period, store, most_reads=MOST_READS):
        figures.add(run)
        deployers[run.row.deployed_by] += 1
        approvers.update(run.approved_by)
        unknown += not run.known
        if run.passes:
            exceptions.add(run)
        if run.own:
            own.add(run)
        if run.unreviewed:
            unreviewed.add(run)
        if not run.approved_by:
            reasons[run.allowed] += 1
            unapproved.add(run)
        if run.row.status == "failed":
            failed.add(run)
    return Report(
        period=period,
        figures=figures,
        deployed_by=deployers.most_common(LISTED),
        approved_by=approvers.most_common(LISTED),
        exceptions=exceptions,
        own=own,
        unreviewed=unreviewed,
        unapproved=unapproved,
        reasons=reasons.most_common(),
        failed=failed,
        rules=_entries(project, period, RULES),
        rights=_entries(project, period, RIGHTS),
        kept=_kept(project, period),
        unknown=unknown,
    )


def _entries(project: Project, period: Period, deeds: Iterable[Deed]) -> Listed[AuditEntry]:
    within = AuditEntry.objects.filter(chain=project.pk, time__gte=period.start, time__lt=period.end, deed__in=deeds)
    if period.environments:
        within = within.filter(Q(environment__in=period.environments) | Q(environment=""))
    rows = list(islice(within.order_by("-id").iterator(chunk_size=LISTED), LISTED))
    return Listed(rows, within.count())


def _kept(project: Project, period: Period) -> list[tuple[str, int]]:
    said = Annotation.objects.filter(project_slug=project.slug, at__gte=period.start, at__lt=period.end)
    if period.environments:
        said = said.filter(environment_name__in=period.environments)
    counts = dict(said.order_by().values_list("says").annotate(Count("pk")))
    return [(words, counts[says]) for says, words in KEPT.items() if says in counts]
