"""The list of what happened: pages by key, filters, days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from history.finding.searching import find, people
from history.models import Record, RecordQuerySet
from history.recording import record
from history.store import InMemoryStore
from history.timeline import Cursor, Filters, Page, by_day, page
from projects.models import Environment, Project

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]


@pytest.fixture
def environment(store: InMemoryStore, documents: Make) -> Environment:
    """dev with nine records, prod with one."""
    project = Project.objects.create(slug="support-desk")
    dev, _ = [
        Environment.objects.create(project=project, name=name, account="123456789012", region="us-east-1")
        for name in ("dev", "prod")
    ]
    for number in range(1, 10):
        record(
            documents(
                number,
                status="failed" if number % 3 == 0 else "succeeded",
                kind="rollback" if number == 5 else "deploy",
                deployed_by="Bob" if number % 2 else "Ada",
                started_at=f"2025-11-{(number + 1) // 2:02}T23:30:00.000Z",
            ),
            store,
        )
    record(documents(10, environment="prod", started_at="2025-12-01T00:00:00.000Z"), store)
    return dev


def numbers(entries: Any) -> list[int]:
    return [entry.configuration_number for entry in entries]


def walked(turn: Callable[[Cursor | None], Page]) -> list[int]:
    """Everything, page by page, as links would go."""
    seen: list[int] = []
    cursor = None
    while True:
        part = turn(cursor)
        seen += numbers(part.entries)
        if part.next is None:
            return seen
        cursor = Cursor.parse(str(part.next))


@pytest.mark.parametrize("size", [1, 2, 3, 8, 9, 10, 50])
def test_pages_show_everything_once_newest_first(environment: Environment, size: int) -> None:
    def pages(records: RecordQuerySet) -> Callable[[Cursor | None], Page]:
        return lambda cursor: page(records, after=cursor, size=size)

    assert walked(pages(Record.objects.of_environment(environment))) == [9, 8, 7, 6, 5, 4, 3, 2, 1]
    assert walked(pages(Record.objects.of_project(environment.project))) == [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]


def test_what_is_added_meanwhile_moves_no_page(environment: Environment, store: InMemoryStore, documents: Make) -> None:
    records = Record.objects.of_environment(environment)
    first = page(records, size=4)
    record(documents(20, started_at="2025-11-30T00:00:00.000Z"), store)
    assert numbers(page(records, after=first.next, size=4).entries) == [5, 4, 3, 2]


def test_a_page_is_one_query(environment: Environment, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        shown = page(Record.objects.of_project(environment.project), size=5)
        assert [entry.environment.name for entry in shown.entries] == ["prod", "dev", "dev", "dev", "dev"]


def test_a_page_deep_down_goes_straight_to_its_place(environment: Environment) -> None:
    cursor = Cursor(datetime(2025, 11, 3, tzinfo=UTC), "x")
    records = Record.objects.of_environment(environment).newest_first()
    records = records.filter(started_at__lte=cursor.started_at).exclude(
        started_at=cursor.started_at, deployment_id__gte=cursor.deployment_id
    )
    plan = records.explain()
    assert "record_of_environment" in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize(
    "text", ["", "x", "~", "2025~a", "2025-11-19T10:30:00~a", "2025-11-19T10:30:00+00:00~", "\0~\0"]
)
def test_a_cursor_that_is_none_is_the_first_page(text: str) -> None:
    assert Cursor.parse(text) is None


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
        (Filters(status="failed"), [9, 6, 3]),
        (Filters(kind="rollback"), [5]),
        (Filters(person="Ada"), [8, 6, 4, 2]),
        (Filters(person="ada"), []),
        (Filters(environment="prod"), [10]),
        (Filters(status="failed", person="Bob"), [9, 3]),
        (Filters(text="MEMORYSIZE ADA func"), [8, 6, 4, 2]),
        (Filters(text="memorysi ada"), []),
        (Filters(text="prod"), [10]),
        (Filters(text="prod", status="failed"), []),
        (Filters(text="nowhere"), []),
        (Filters(who="Ada", kind="deploy"), [8, 6, 4, 2]),
        (Filters(since=date(2025, 11, 3), until=date(2025, 11, 4)), [8, 7, 6, 5]),
        (Filters(since=date(2025, 11, 3), until=date(2025, 11, 4), status="failed"), [6]),
        (Filters(status="made up"), []),
        (Filters(text="000007"), [7]),
        (Filters(text="100%"), []),
        (Filters(text="-- "), [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
    ],
)
def test_filters_keep_what_fits(environment: Environment, filters: Filters, expected: list[int]) -> None:
    assert walked(lambda cursor: find(environment.project, filters, after=cursor, size=2)) == expected


def test_filters_know_whether_they_keep_everything() -> None:
    assert not Filters()
    assert Filters(kind="deploy")


def test_days_are_those_of_the_reader(environment: Environment) -> None:
    entries = page(Record.objects.of_environment(environment)).entries
    assert [(day.date.day, numbers(day.entries)) for day in by_day(entries, UTC)] == [
        (5, [9]),
        (4, [8, 7]),
        (3, [6, 5]),
        (2, [4, 3]),
        (1, [2, 1]),
    ]
    assert [day.date.day for day in by_day(entries, timezone(timedelta(hours=1)))] == [6, 5, 4, 3, 2]
    assert by_day(()) == ()


def test_everybody_who_deployed_is_named_once(environment: Environment) -> None:
    assert people(environment.project) == ["Ada", "Bob"]
    Record.objects.filter(deployed_by="Bob").delete()
    assert people(environment.project) == ["Ada"]
