"""A page asked for as a browser asks, without the network; what runs inside an installation's process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from time import perf_counter

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from benchmarks.bare import NOTHING
from benchmarks.world import GREAT, NEEDLE, RARE, VISITOR, WAITING
from projects.audit.models import AuditEntry
from projects.models import User

_A_DAY = "a day half-way down"
PAGES: Mapping[str, tuple[str, Sequence[str], Mapping[str, str]]] = {
    NOTHING: ("bench-nothing", (), {}),
    "whether one may see a project": ("bench-project", (GREAT,), {}),
    "whether one may run in an environment": ("bench-environment", (GREAT, "prod"), {}),
    "where one may approve": ("bench-where", (), {}),
    "projects": ("projects", (), {}),
    "projects, by name": ("projects", (), {"text": "p0000"}),
    "inbox": ("inbox", (), {}),
    "inbox, its number": ("inbox-badge", (), {}),
    "project": ("project", (GREAT,), {}),
    "a plan that waits": ("deployment", (GREAT, WAITING), {}),
    "deployments": ("deployments", (GREAT,), {}),
    "members": ("members", (GREAT,), {}),
    "members, by name": ("members", (GREAT,), {"text": "0001"}),
    "rights": ("rights", (GREAT,), {}),
    "deliveries": ("notifications", (GREAT,), {}),
    "audit": ("audit", (GREAT,), {}),
    "audit, half-way down": ("audit", (GREAT,), {"below": "half"}),
    "audit, a deed": ("audit", (GREAT,), {"deed": RARE.value}),
    "audit, a person": ("audit", (GREAT,), {"person": "U. 7"}),
    "audit, an environment": ("audit", (GREAT,), {"environment": "prod"}),
    "audit, denied": ("audit", (GREAT,), {"outcome": "denied"}),
    "audit, an outcome that never was": ("audit", (GREAT,), {"outcome": "failed"}),
    "audit, a day": ("audit", (GREAT,), {"since": _A_DAY, "until": _A_DAY}),
    "audit, search": ("audit", (GREAT,), {"text": NEEDLE}),
    "audit, search for what is not there": ("audit", (GREAT,), {"text": "absent"}),
    "audit of no project": ("installation-audit", (), {}),
}
"""Name -> route, arguments, query."""


def visit(name: str) -> float:
    """Seconds from the request's arrival to the whole answer; see `ask`."""
    address, query = _where(name)
    _browser()
    began = perf_counter()
    ask(address, query)
    return perf_counter() - began


def statements(name: str) -> int:
    """How many SQL statements the page takes."""
    return counted(*_where(name))


def ask(address: str, query: Mapping[str, str]) -> None:
    """Visits the page.

    Raises:
        RuntimeError: it was not found, refused, or failed.
    """
    answer = _browser().get(address, query)
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answered {answer.status_code}")


def counted(address: str, query: Mapping[str, str]) -> int:
    """How many SQL statements a visit takes."""
    with CaptureQueriesContext(connection) as captured:
        ask(address, query)
    return len(captured)


@cache
def _browser() -> Client:
    browser = Client()
    browser.force_login(User.objects.get(username=VISITOR))
    return browser


@cache
def _where(name: str) -> tuple[str, Mapping[str, str]]:
    route, arguments, query = PAGES[name]
    middle = AuditEntry.objects.filter(id__lte=AuditEntry.objects.count() // 2).order_by("-id").first()
    meant = {
        "half": str(middle.pk + 1 if middle else 1),
        _A_DAY: f"{middle.time if middle else datetime.now(UTC):%Y-%m-%d}",
    }
    return reverse(route, args=arguments), {key: meant.get(value, value) for key, value in query.items()}


def forget() -> None:
    """Whatever was found in a database that is gone."""
    _browser.cache_clear()
    _where.cache_clear()
