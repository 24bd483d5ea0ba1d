"""What it takes to decide whether a plan may run, for one, ten and a hundred people; without any database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from time import process_time

from projects.protection.deciding import decide
from projects.protection.facts import Facts, Person, Review
from projects.protection.model import Protection, Requirement
from projects.roles import Role

SIZES = (1, 10, 100)
TIMES = 200
REPEATS = 5
_NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
_DIGEST = "d" * 64


@dataclass(frozen=True, slots=True)
class Deciding:
    """With so many people, all of whom have approved: seconds of the processor for one decision."""

    people: int
    seconds: float


def measure(sizes: Sequence[int] = SIZES, times: int = TIMES) -> list[Deciding]:
    """The median of a few repetitions, for each size."""
    return [Deciding(size, median(_seconds(size, times) for _ in range(REPEATS))) for size in sizes]


def lines(found: Sequence[Deciding]) -> list[str]:
    """For people."""
    return [f"deciding with {each.people:3} people: {1e6 * each.seconds:,.0f} us" for each in found]


def _seconds(size: int, times: int) -> float:
    people = tuple(Person(n, f"u{n}", f"U {n}", Role.APPROVER, frozenset({"sre"})) for n in range(size))
    facts = Facts(plan_digest=_DIGEST, proposed_at=_NOW - timedelta(hours=1), people=people)
    reviews = [Review(each.id, each.name, True, _DIGEST, _NOW - timedelta(minutes=5)) for each in people]
    protection = Protection(approvals=(Requirement(2, groups=("sre",)), Requirement(1, roles=(Role.OWNER,))))
    began = process_time()
    for _ in range(times):
        decide(protection, facts, reviews, _NOW)
    return (process_time() - began) / times
