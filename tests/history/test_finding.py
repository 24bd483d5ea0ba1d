"""Rows by which records are found: equal to the store's, whatever is entered, taken back or made again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from history.annotating import say
from history.annotation import Says, Tombstone
from history.finding.models import Posting, TouchedResource
from history.finding.words import asked, words_of
from history.index import rebuild
from history.metadata import Metadata
from history.models import Record
from history.recording import record
from history.store import InMemoryStore
from history.touched import Touched, Tried, touched_by, tried_in
from projects.models import Environment, Project
from tests.history.writing import write, write_unsigned

Make = Callable[..., Any]
NOW = datetime(2026, 11, 21, tzinfo=UTC)
TABLE = Touched(
    "shared-infrastructure",
    "TicketsTable",
    "AWS::DynamoDB::Table",
    "update",
    "failed",
    "support-desk-dev-tickets",
    what="BillingMode PROVISIONED → PAY_PER_REQUEST",
    error="Throttled: slow down",
)


@pytest.fixture
def environment() -> Environment:
    """support-desk/dev."""
    project = Project.objects.create(slug="support-desk")
    return Environment.objects.create(project=project, name="dev", account="123456789012", region="us-east-1")


def rows() -> tuple[list[Any], ...]:
    """All of them, without their own numbers."""
    columns = [each.attname for each in TouchedResource._meta.concrete_fields if each.name not in ("id", "record")]
    touched = TouchedResource.objects.order_by("record__deployment_id", "position")
    words = Posting.objects.values_list("word__project_slug", "word__text", "at", "record__deployment_id")
    return (
        list(touched.values_list("record__deployment_id", *columns)),
        sorted((slug, bytes(text).decode(), at, name) for slug, text, at, name in words),
    )


@pytest.mark.django_db
def test_rows_made_again_from_the_store_equal_the_old_ones(
    store: InMemoryStore, documents: Make, environment: Environment
) -> None:
    for number in range(1, 4):
        record(documents(number, touched=(TABLE,), approved_by=("Ada",), promoted_from="dev"), store)
    record(documents(4, environment="prod", touched=(replace(TABLE, was="tickets-1"), TABLE)), store)
    record(documents(5, project="other-project", touched=()), store)
    expected = rows()
    assert len(expected[0]) == 5
    TouchedResource.objects.filter(record__sequence=2).delete()
    Posting.objects.filter(record__sequence=1).delete()
    Record.objects.filter(sequence=3).delete()
    rebuild(store)
    assert rows() == expected
    Record.objects.all().delete()
    assert rows() == ([], [])
    rebuild(store)
    assert rows() == expected


@pytest.mark.django_db
def test_tags_given_later_lead_to_a_record_until_they_are_taken_back(
    store: InMemoryStore, documents: Make, environment: Environment
) -> None:
    record(documents(1, tags={"black": "friday"}), store)
    first = rows()
    row = Record.objects.get()
    say(row, Says.TAG, name="black-friday-2026", by="Alice", now=NOW, store=store)
    tagged = rows()
    assert {text for _, text, _, _ in tagged[1]} - {text for _, text, _, _ in first[1]} == {
        "label:black",
        "label:friday",
        "label:2026",
    }
    rebuild(store)
    assert rows() == tagged
    say(Record.objects.get(), Says.UNTAG, name="black-friday-2026", by="Alice", now=NOW, store=store)
    assert rows() == first


@pytest.mark.django_db
def test_what_a_run_touched_outlives_its_documents(
    store: InMemoryStore, documents: Make, environment: Environment
) -> None:
    record(documents(1, touched=(TABLE,)), store)
    row, expected = Record.objects.get(), rows()
    stone = Tombstone(store.objects[row.prefix + "metadata.json"].decode(), {}, ("config.yaml",))
    say(row, Says.EXPIRED, by="strandsweb", now=NOW, tombstone=stone, store=store)
    assert rows() == expected
    rebuild(store)
    assert rows() == expected


def before_it_was_said(data: bytes) -> bytes:
    """`metadata.json` as it was before it told of resources."""
    said = json.loads(data)
    for name in ("undoes", "promotedFrom", "proposedBy", "approvedBy", "touched"):
        said.pop(name, None)
    return json.dumps(said).encode()


@pytest.mark.django_db
def test_of_older_records_the_same_is_read_from_plan_and_events(
    store: InMemoryStore, documents: Make, environment: Environment
) -> None:
    changes = [change("Function", "update", properties=[{"path": "MemorySize", "before": 511, "after": 512}])]
    whole = replace(documents(1), plan=json.dumps({"changes": changes}))
    write_unsigned(store, whole, changed={"metadata.json": before_it_was_said})
    rebuild(store)
    row = TouchedResource.objects.get()
    assert (row.logical_id, row.action, row.outcome, row.physical_id) == ("Function", "update", "succeeded", "f")
    assert row.what == "MemorySize 511 → 512"
    assert row.record.promoted_from == ""


@pytest.mark.django_db
def test_new_metadata_are_read_back_as_they_were(store: InMemoryStore, documents: Make) -> None:
    whole = documents(1, touched=(TABLE,), approved_by=("Ada",), undoes="x", promoted_from="dev", proposed_by="Bob")
    written = write(store, whole)
    text = store.get(written.prefix + "metadata.json")
    assert Metadata.from_dict(json.loads(text)) == whole.metadata


def change(logical_id: str, action: str, **more: Any) -> dict[str, Any]:
    """A change of a plan as JSON."""
    return {"stack": "app", "logicalId": logical_id, "type": "AWS::SQS::Queue", "action": action, **more}


def test_only_what_was_tried_counts() -> None:
    plan = {"changes": [change(name, "create") for name in ("Made", "Skipped", "Broken", "Waiting")]}
    steps = [
        Tried("Broken", "create", "failed", error="No"),
        Tried("Made", "create", "succeeded", "made-1"),
        Tried("Skipped", "create", "skipped"),
        Tried("Waiting", "create", "pending"),
    ]
    assert [(each.logical_id, each.outcome, each.physical_id, each.error) for each in touched_by(plan, steps)] == [
        ("Made", "succeeded", "made-1", ""),
        ("Broken", "failed", "", "No"),
    ]


def test_a_replacement_knows_both_names_and_fails_with_either_step() -> None:
    plan = {"changes": [change("Queue", "replace", physicalId="old")]}
    steps = [Tried("Queue", "create", "succeeded", "new"), Tried("Queue", "delete", "failed", "old", "In use")]
    [each] = touched_by(plan, steps)
    assert (each.physical_id, each.was, each.outcome, each.error) == ("new", "old", "failed", "In use")


def test_values_of_secrets_are_not_said_and_long_ones_neither() -> None:
    properties = [
        {"path": "Value", "before": "a", "after": "b", "sensitive": True},
        {"path": "Policy", "before": {"a": 1}, "after": {"a": 2}},
        {"path": "Text", "before": "x" * 50, "after": "y" * 50},
        {"path": "Fourth", "before": 1, "after": 2},
    ]
    [each] = touched_by(
        {"changes": [change("Queue", "update", properties=properties)]}, [Tried("Queue", "update", "succeeded")]
    )
    assert each.what == "Value, Policy, Text and 1 more"


def test_events_say_how_steps_ended(events: Make) -> None:
    assert tried_in(events(resource="Table")) == [Tried("Table", "update", "succeeded", "f")]


def test_words_are_found_as_they_are_written(documents: Make) -> None:
    metadata = documents(1, touched=(TABLE,), approved_by=("Zoë Ångström",)).metadata
    found = set(words_of(metadata))
    for text in ("TicketsTable", "tickets", "dynamodb", "throttled", "ZOË", "PAY_PER_REQUEST", "support-desk-dev"):
        assert set(asked(text)) <= found, text
    assert set(asked(metadata.deployment_id)) <= found
    assert {"status:succeeded", "kind:deploy", "environment:dev", "person:Bob", "who:Zoë Ångström"} <= found


def test_a_search_has_no_more_than_a_few_words_and_none_of_signs() -> None:
    assert asked("  %_ \0 -- ") == []
    assert asked("a B a") == ["a", "b"]
    assert len(asked(" ".join(map(str, range(100))))) == 8
    assert asked("x" * 500) == ["x" * 64]
