"""A small installation through the bench of large ones, on SQLite and, where there is one, on PostgreSQL."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks import auditing, deciding, pages, scale, visits, world
from benchmarks.installations import POSTGRESQL, SQLITE, databases
from deployments.models import Deployment, Status
from deployments.telling.models import Delivery
from projects.audit.models import AuditEntry
from projects.models import Membership, Project
from strandsweb.run import postgres

SMALL = world.Size("small", projects=7, members=60, entries=200, deployments=4, deliveries=100)
VENDOR = SQLITE if postgres.binaries() is None else POSTGRESQL


@pytest.fixture
def folder() -> Iterator[Path]:
    """Outside pytest's own, through which PostgreSQL's user cannot pass."""
    made = Path(tempfile.mkdtemp(prefix="strandsweb-bench-", dir="/tmp"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def test_deciding_is_timed() -> None:
    one, ten = deciding.measure([1, 10], times=2)
    assert (one.people, ten.people) == (1, 10)
    assert one.seconds > 0 and len(deciding.lines([one, ten])) == 2


@pytest.fixture
def filled(db: None, settings: Any) -> Iterator[None]:
    """A small world in the tests' own database."""
    settings.ROOT_URLCONF = "benchmarks.bare"
    world.fill(SMALL)
    yield
    visits.forget()


def test_a_world_has_what_its_size_says(filled: None) -> None:
    assert (Project.objects.count(), AuditEntry.objects.count(), Delivery.objects.count()) == (7, 200, 100)
    assert Membership.objects.filter(project__slug=world.GREAT).count() == 61
    assert Deployment.objects.filter(status=Status.WAITING).count() == 7
    needles = AuditEntry.objects.filter(target=world.NEEDLE)
    assert {entry.deed for entry in needles} == {world.RARE} and needles.count() == world.NEEDLES


def test_every_page_is_there(filled: None) -> None:
    for name in visits.PAGES:
        assert visits.visit(name) > 0
        assert visits.statements(name) >= 2, "who asks is looked up"


@pytest.mark.processes
@pytest.mark.postgres
def test_pages_are_measured_beside_two_smaller_installations(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    some = ["audit, search", "members"]
    monkeypatch.setattr(visits, "PAGES", some)
    monkeypatch.setattr(pages, "ROUNDS", 2)
    monkeypatch.setattr(auditing, "SECONDS", 0.3)
    monkeypatch.setattr(auditing, "WRITERS", (1, 2))
    monkeypatch.setattr(scale, "databases", one_database)
    assert scale.run(folder / "scale", folder / "results", large=SMALL) == 0
    (path,) = (folder / "results").iterdir()
    told = json.loads(path.read_text())
    assert [(page["vendor"], page["name"]) for page in told["pages"]] == [(VENDOR, name) for name in some]
    for page in told["pages"]:
        assert all(len(page[name]) == 2 and min(page[name]) > 0 for name in ("empty", "one_page", "large"))
    (found,) = told["auditing"]
    assert all(each["rows"] > 0 for each in found["written"])
    assert found["chained"]["rows"] >= sum(each["rows"] for each in found["written"] if each["what"] == "entries")
    shown = capsys.readouterr().out
    assert "pages are within 1.5 of an empty one" in shown and "a second, " in shown


@contextmanager
def one_database(folder: Path) -> Iterator[dict[str, str]]:
    """PostgreSQL where there is one: the other tests have the other one."""
    with databases(folder) as found:
        yield {VENDOR: found[VENDOR]}
