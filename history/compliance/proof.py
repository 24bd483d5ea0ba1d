"""Whether the records of a period are what was sealed, each in its place."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from history.compliance.period import Period
from history.compliance.runs import rows_of
from history.store import store
from history.verification import believed_keys, verify_record
from history.verifier import Problem
from projects.models import Project

NEWEST = 200
"""Records per environment that are read whole; `manage.py history_verify` reads all there are."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One environment: how many of its records were read, of how many of the period, and the first thing wrong."""

    environment: str
    read: int
    records: int
    problem: Problem | None


def proofs(project: Project, period: Period) -> list[Proof]:
    """Reads the newest records of the period in each environment.

    Raises:
        StoreError: the store cannot be read, or the key of this installation is not at hand.
    """
    keys, rows = believed_keys(store()), rows_of(project, period)
    counts = rows.order_by("environment_name").values_list("environment_name").annotate(Count("pk"))
    found = []
    for name, records in counts:
        newest = rows.filter(environment_name=name).order_by("-sequence")[:NEWEST]
        problems = (verify_record(row, keys) for row in newest)
        wrong = next((problem for problem in problems if problem is not None), None)
        found.append(Proof(name, min(records, NEWEST), records, wrong))
    return found
