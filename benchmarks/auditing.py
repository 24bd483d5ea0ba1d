"""How fast the audit log is written by one and by eight processes, and chained, beside bare statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic, perf_counter, sleep

from benchmarks.installations import Installation

WRITERS = (1, 8)
SECONDS = 3.0
_ABOVE = 10**9  # numbers that no entry has
START_SECONDS = 0.5  # everybody has been told by then
OURS, FLOOR, CHAINING = "entries", "bare INSERTs", "entries, chained meanwhile"


@dataclass(frozen=True, slots=True)
class Written:
    """So many processes wrote rows, each in a transaction of its own, for so many seconds."""

    what: str
    writers: int
    rows: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Rows a second, all of them together."""
        return self.rows / self.seconds


@dataclass(frozen=True, slots=True)
class Chained:
    """Closing up the chains after so many entries, beside bare UPDATEs of the same rows; seconds."""

    rows: int
    seconds: float
    floor_seconds: float


@dataclass(frozen=True, slots=True)
class Auditing:
    """All of it on one database."""

    vendor: str
    written: Sequence[Written]
    chained: Chained


def measure(house: Installation, *, seconds: float, writers: Sequence[int]) -> Auditing:
    """Everything, in a filled installation; every process writes entries of the great project, as the busiest do."""
    house.call(_close_up)
    written = []
    with house.more(max(writers)) as hands:
        for count in writers:
            for what, bare in ((FLOOR, True), (OURS, False)):
                rows = _all_at_once(hands[:count], seconds, bare=bare)
                written.append(Written(what, count, sum(rows), seconds))
        chained = Chained(*house.call(_close_up_beside_bare))
        chaining = house.start(_close_up_for, monotonic() + START_SECONDS, seconds)
        rows = _all_at_once(hands[: max(writers)], seconds, bare=False)
        chaining.result()
        written.append(Written(CHAINING, max(writers), sum(rows), seconds))
    return Auditing(house.vendor, written, chained)


def lines(found: Auditing) -> list[str]:
    """For people."""
    told = []
    for each in found.written:
        floor = next(one for one in found.written if (one.what, one.writers) == (FLOOR, each.writers))
        beside = "" if each.what == FLOOR else f", {each.per_second / floor.per_second:.2f} of bare INSERTs"
        told.append(f"{found.vendor:10}  {each.writers} writing {each.what}: {each.per_second:,.0f} a second{beside}")
    chained = found.chained
    told.append(
        f"{found.vendor:10}  chaining: {chained.rows / chained.seconds:,.0f} a second, "
        f"{chained.floor_seconds / chained.seconds:.2f} of bare UPDATEs"
    )
    return told


def _all_at_once(hands: Sequence[Installation], seconds: float, *, bare: bool) -> list[int]:
    at = monotonic() + START_SECONDS
    return [each.result() for each in [hand.start(_write_for, at, seconds, bare) for hand in hands]]


def _write_for(at: float, seconds: float, bare: bool) -> int:
    """How many rows it wrote; `at` is of the clock that all processes of a machine share."""
    from django.db import connection, transaction

    from benchmarks.world import GREAT, VISITOR
    from projects.audit.deeds import Deed
    from projects.audit.models import AuditEntry
    from projects.audit.writing import write
    from projects.models import Environment, User

    actor = User.objects.get(username=VISITOR)
    environment = Environment.objects.select_related("project").get(project__slug=GREAT, name="prod")

    def entry(number: int) -> AuditEntry:
        detail = {"before": {"memory": 128}, "after": {"memory": 512}}
        return write(Deed.SECRET_SET, actor=actor, environment=environment, target=number, detail=detail)

    statement, values = _insert(entry(0))
    connection.ensure_connection()
    cursor = connection.connection.cursor()  # the driver's own, in autocommit: each statement is a transaction
    sleep(max(at - monotonic(), 0.0))
    rows = 0
    while monotonic() < at + seconds:
        if bare:
            cursor.execute(statement, values)
        else:
            with transaction.atomic():
                entry(rows)
        rows += 1
    return rows


def _insert(entry: object) -> tuple[str, list[object]]:
    """The statement and the values by which the driver writes such a row."""
    from django.db import connection

    from projects.audit.models import AuditEntry

    fields = [field for field in AuditEntry._meta.concrete_fields if not field.primary_key]
    names = ", ".join(str(field.column) for field in fields)
    marks = ", ".join(["%s" if connection.vendor == "postgresql" else "?"] * len(fields))
    values = [field.get_db_prep_save(getattr(entry, field.attname), connection) for field in fields]
    return f"INSERT INTO {AuditEntry._meta.db_table} ({names}) VALUES ({marks})", values


def _close_up() -> None:
    from projects.audit import chains

    chains.close_up()


def _close_up_beside_bare() -> tuple[int, float, float]:
    """How many entries, our seconds, and the driver's for giving the same rows other numbers, in batches like ours."""
    from django.db import connection, transaction

    from projects.audit import chains
    from projects.audit.models import AuditEntry

    keys = list(AuditEntry.objects.filter(number=None).order_by("id").values_list("id", flat=True))
    began = perf_counter()
    chains.close_up()
    ours = perf_counter() - began
    began = perf_counter()
    for first in range(0, len(keys), chains.BATCH):
        batch = [(_ABOVE + key, f"{key:064x}", key) for key in keys[first : first + chains.BATCH]]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany("UPDATE audit_auditentry SET number = %s, digest = %s WHERE id = %s", batch)
    bare = perf_counter() - began
    return len(keys), ours, bare


def _close_up_for(at: float, seconds: float) -> None:
    """As the worker does every few seconds, without a pause."""
    from projects.audit import chains

    sleep(max(at - monotonic(), 0.0))
    while monotonic() < at + seconds:
        chains.close_up()
