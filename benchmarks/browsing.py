"""What pages of a long history take: at a hundred records, at a hundred thousand, and beside a bare list by Django."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from benchmarks.installations import Installation, databases, installations

SMALL, LARGE = 100, 100_000
ROUNDS = 15
AIM_GROWTH = 1.3
AIM_OVER_BARE = 3.0
BARE = "a bare list of Django's"
FIRST = "timeline"
PAGES: Mapping[str, tuple[str, Sequence[str], Mapping[str, str]]] = {
    BARE: ("bench-records", (), {}),
    FIRST: ("timeline", ("kept",), {}),
    "timeline, half-way down": ("timeline", ("kept",), {"after": "half"}),
    "timeline of an environment": ("timeline", ("kept",), {"environment": "e007"}),
    "timeline, failed": ("timeline", ("kept",), {"status": "failed"}),
    "timeline, a person": ("timeline", ("kept",), {"person": "Person 7"}),
    "search, a rare word": ("timeline", ("kept",), {"text": "needle"}),
    "search, a common word": ("timeline", ("kept",), {"text": "memorysize"}),
    "search, a rare and a common word": ("timeline", ("kept",), {"text": "memorysize needle"}),
    "search, the beginning of words": ("timeline", ("kept",), {"text": "agent1"}),
    "search, nothing": ("timeline", ("kept",), {"text": "absent"}),
    "what happened to a resource": ("resource-history", ("kept", "e000", "TicketsTable"), {}),
    "a record": ("record", ("kept", "newest"), {}),
    "compare": ("compare", ("kept",), {"from": "record:previous", "to": "record:newest"}),
}
"""Name -> route, arguments, query; `newest`, `previous` and `half` stand for what is found."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page on one database: seconds of every visit with few records and with many, and SQL statements of one."""

    vendor: str
    name: str
    small: Sequence[float]
    large: Sequence[float]
    statements: int

    @property
    def growth(self) -> float:
        """With many records over with few, of the medians."""
        return median(self.large) / median(self.small)


def lines(folder: Path, *, records: int = LARGE, rounds: int = ROUNDS) -> Iterator[str]:
    """Fills, measures and says, one database after the other."""
    from benchmarks import past, visits  # know models, which can be imported only where Django is set up

    folder.mkdir(parents=True, exist_ok=True)
    with databases(folder) as servers:
        for vendor, server in servers.items():
            with installations(vendor, server, ["few", "many"], folder) as (few, many):
                few.call(past.fill, SMALL)
                took = many.call(past.fill, records)
                yield (
                    f"{vendor}: {records} records in {past.ENVIRONMENTS} environments indexed from their store in "
                    f"{took:.0f} s, {records / took:.0f} a second"
                )
                pages = [_measured(vendor, name, few, many, rounds) for name in PAGES]
                yield table(pages)
                yield from aims(pages)
            visits.forget()


def _measured(vendor: str, name: str, few: Installation, many: Installation, rounds: int) -> Page:
    """Visited in both by turns, so that whatever else the machine does slows both."""
    for house in (few, many):
        house.call(visit, name)  # not measured: loads what is loaded once
    taken: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds):
        for number in (turn % 2, 1 - turn % 2):
            taken[number].append((few, many)[number].call(visit, name))
    return Page(vendor, name, *taken, many.call(statements, name))


def visit(name: str) -> float:
    """Seconds of one visit, inside an installation's process."""
    from benchmarks.visits import ask

    address, query = _where(name)
    began = perf_counter()
    ask(address, query)
    return perf_counter() - began


def statements(name: str) -> int:
    """How many SQL statements it takes."""
    from benchmarks.visits import counted

    return counted(*_where(name))


def _where(name: str) -> tuple[str, dict[str, str]]:
    from django.urls import reverse

    from history.models import Record
    from history.timeline import Cursor

    route, arguments, query = PAGES[name]
    newest, previous = Record.objects.order_by("-started_at")[:2]
    middle = Record.objects.order_by("pk")[Record.objects.count() // 2]
    meant = {
        "newest": newest.deployment_id,
        "record:newest": f"record:{newest.deployment_id}",
        "record:previous": f"record:{previous.deployment_id}",
        "half": str(Cursor(middle.started_at, middle.deployment_id)),
    }
    address = reverse(route, args=[meant.get(each, each) for each in arguments])
    return address, {key: meant.get(value, value) for key, value in query.items()}


def table(pages: Sequence[Page]) -> str:
    """For people: growth, times the bare list, milliseconds with many records, statements."""
    bare = median(pages[0].large)
    said = [f"{'database':10}  {'page':34}  {'growth':>6}  {'/bare':>5}  {'ms':>7}  {'quartiles':>13}  {'SQL':>3}"]
    for page in pages:
        low, _, high = (1e3 * each for each in quantiles(page.large, n=4))
        said.append(
            f"{page.vendor:10}  {page.name:34}  {page.growth:6.2f}  {median(page.large) / bare:5.2f}"
            f"  {1e3 * median(page.large):7.1f}  {f'{low:.1f}-{high:.1f}':>13}  {page.statements:3}"
        )
    return "\n".join(said)


def aims(pages: Sequence[Page]) -> Iterator[str]:
    """How the pages stand to what was aimed at."""
    ours = [page for page in pages if page.name != BARE]
    worst = max(ours, key=lambda page: page.growth)
    met = sum(page.growth <= AIM_GROWTH for page in ours)
    yield f"{met} of {len(ours)} pages grow by at most {AIM_GROWTH}; the worst is {worst.name}: {worst.growth:.2f}."
    bare, first = (next(page for page in pages if page.name == name) for name in (BARE, FIRST))
    times = median(first.large) / median(bare.large)
    yield (
        f"the first page takes {times:.2f} of a bare list "
        f"(aim under {AIM_OVER_BARE}: {'met' if times < AIM_OVER_BARE else 'MISSED'})"
    )
