"""Every run of a period as a line of CSV, read as they are sent."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

from history.compliance.period import Period
from history.compliance.runs import Run
from projects.audit.reading import inert

COLUMNS = (
    "deployment", "environment", "record", "kind", "status", "started", "ended", "seconds", "proposedBy", "deployedBy",
    "method", "configuration", "approvedBy", "ownApproval", "exceptions", "withoutApprovalBecause",
    "emergencyReviewedBy", "exceptionsKnown", "changed", "manifestSha256", "signedBy",
)  # fmt: skip
MARK = "\ufeff"
"""Without it Excel takes UTF-8 for something else."""


class _Echo:
    """A file for the csv writer that hands back what is written."""

    def write(self, value: str) -> str:
        return value


def lines(found: Iterable[Run], period: Period) -> Iterator[str]:
    """Oldest first; times are on the clocks of the period's zone, with their offset. No cell is a formula."""
    writer = csv.writer(_Echo())
    yield MARK + writer.writerow(COLUMNS)
    for run in found:
        row = run.row
        values = (
            row.deployment_id, row.environment_name, row.sequence, row.kind, row.status,
            period.here(row.started_at).isoformat(), period.here(row.ended_at).isoformat(), row.duration_seconds,
            run.proposed_by, row.deployed_by, row.method, row.configuration_number, "; ".join(run.approved_by),
            "yes" if run.own else "no", "; ".join(run.passes), run.allowed, run.reviewed_by,
            "yes" if run.known else "no", row.what_changed, row.manifest_digest, row.signed_by,
        )  # fmt: skip
        yield writer.writerow([inert(value) for value in values])
