"""A record is written once, whole, whatever dies on the way; the index is only a copy."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from history import index
from history.chain import ChainBroken, verify_chain
from history.index import rebuild
from history.metadata import Metadata
from history.models import Record
from history.recording import record
from history.records import NotARecord
from history.store import AlreadyExists, InMemoryStore, NotThere
from history.store import store as configured_store
from projects.models import Environment, Project

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]
PLACE = ("support-desk", "dev")


class Killed(Exception):
    """The process died here."""


def dying_store(at: int) -> InMemoryStore:
    """A store whose writer dies just before its write number `at` (from 0); afterwards it works."""
    writes = iter(range(10_000))

    def before_write(key: str) -> None:
        if next(writes) == at:
            raise Killed(key)

    return InMemoryStore(before_write)


@pytest.fixture
def environment() -> Environment:
    """support-desk/dev."""
    project = Project.objects.create(slug="support-desk")
    return Environment.objects.create(project=project, name="dev", account="123456789012", region="us-east-1")


def rows() -> list[dict[str, Any]]:
    """The whole index, without its own numbers."""
    columns = [field.attname for field in Record._meta.concrete_fields if field.name != "id"]
    return list(Record.objects.order_by("deployment_id").values(*columns))


def test_a_record_is_in_the_store_and_in_the_index(
    store: InMemoryStore, documents: Make, environment: Environment
) -> None:
    row = record(documents(memory=1024), store)
    assert (row.environment, row.project, row.sequence) == (environment, environment.project, 1)
    assert (row.updated, row.resource_count, row.monthly_usd, row.tags) == (1, 1, 1.25, {"team": "platform"})
    assert row.prefix + "manifest.json" in store.objects
    assert store.objects["support-desk/dev/current/state.json"] == store.objects[row.prefix + "state-after.json"]
    assert store.objects["support-desk/dev/current/config.yaml"] == store.objects[row.prefix + "config.yaml"]
    assert verify_chain(store, *PLACE, index.head(*PLACE)) is None


def test_a_crash_before_any_write_is_made_good_by_the_next_try(documents: Make, environment: Environment) -> None:
    whole = InMemoryStore()
    record(documents(1), whole)
    record(documents(2), whole)
    expected_rows = rows()
    for at in range(len(whole.objects) * 2):
        Record.objects.all().delete()
        store = dying_store(at)
        for number in (1, 2):
            try:
                record(documents(number), store)
            except Killed:
                record(documents(number), store)
        assert store.objects == whole.objects, f"died before write {at}"
        assert rows() == expected_rows


def dead_behind_its_link(documents: Make) -> InMemoryStore:
    """A store with deployment 1 in the chain but not sealed."""
    alive = [True]

    def before_write(key: str) -> None:
        if key.endswith("-000001/manifest.json") and alive:
            raise Killed(key)

    store = InMemoryStore(before_write)
    with pytest.raises(Killed):
        record(documents(1), store)
    alive.clear()
    return store


@pytest.mark.parametrize("reindexed", [False, True])
def test_a_run_that_died_behind_its_link_is_finished_by_the_next_one(
    documents: Make, environment: Environment, reindexed: bool
) -> None:
    store = dead_behind_its_link(documents)
    if reindexed:
        rebuild(store)
    record(documents(2), store)
    record(documents(1), store)
    assert verify_chain(store, *PLACE) is None
    assert list(Record.objects.order_by("sequence").values_list("deployment_id", flat=True)) == [
        documents(1).metadata.deployment_id,
        documents(2).metadata.deployment_id,
    ]
    assert store.objects["support-desk/dev/current/config.yaml"] == documents(2).config_yaml.encode()


def test_a_run_that_died_behind_its_link_keeps_its_place(documents: Make, environment: Environment) -> None:
    store = dead_behind_its_link(documents)
    rebuild(store)
    assert record(documents(1), store).sequence == 1
    assert verify_chain(store, *PLACE) is None


def test_recording_again_changes_nothing(store: InMemoryStore, documents: Make, environment: Environment) -> None:
    first = record(documents(), store)
    before = dict(store.objects)
    assert record(documents(), store) == first
    assert store.objects == before
    assert Record.objects.count() == 1


def test_an_older_record_finished_late_does_not_turn_current_back(
    store: InMemoryStore, documents: Make, environment: Environment
) -> None:
    record(documents(1, memory=1), store)
    record(documents(2, memory=2), store)
    record(documents(1, memory=1), store)
    assert store.objects["support-desk/dev/current/config.yaml"] == documents(memory=2).config_yaml.encode()


def test_a_sealed_record_is_never_another(store: InMemoryStore, documents: Make, environment: Environment) -> None:
    record(documents(), store)
    before = dict(store.objects)
    with pytest.raises(NotARecord, match=r"sealed already, with other content in config\.yaml$"):
        record(replace(documents(), config_yaml="other"), store)
    assert store.objects == before


@pytest.mark.parametrize("sealed", [False, True])
def test_what_an_older_version_began_is_finished_in_its_words(
    sealed: bool, store: InMemoryStore, documents: Make, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Metadata.as_dict

    def less(self: Metadata) -> dict[str, Any]:
        return {key: value for key, value in known(self).items() if key not in ("touched", "approvedBy", "undoes")}

    written = dying_store(10_000 if sealed else 9)
    monkeypatch.setattr(Metadata, "as_dict", less)
    with contextlib.suppress(Killed):
        record(documents(memory=512), written)
    begun = written.get(f"support-desk/dev/deployments/{documents(memory=512).metadata.deployment_id}/metadata.json")
    monkeypatch.setattr(Metadata, "as_dict", known)
    Record.objects.all().delete()
    row = record(documents(memory=512), written)
    assert written.get(f"{row.prefix}metadata.json") == begun
    assert verify_chain(written, *PLACE) is None
    entered = rows()
    rebuild(written)
    assert rows() == entered


def test_a_file_that_says_something_else_is_not_overwritten(
    store: InMemoryStore, documents: Make, environment: Environment
) -> None:
    store.put_new("support-desk/dev/deployments/2025-11-01T10-30-00Z-000001/config.yaml", b"planted")
    with pytest.raises(AlreadyExists):
        record(documents(), store)
    assert not Record.objects.exists()


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_what_did_not_succeed_is_recorded_alike(
    store: InMemoryStore, documents: Make, environment: Environment, status: str
) -> None:
    record(documents(status=status), store)
    assert verify_chain(store, *PLACE) is None
    assert not Record.objects.of_environment(environment).succeeded().exists()


def test_a_history_is_kept_when_its_project_is_gone(
    store: InMemoryStore, documents: Make, environment: Environment
) -> None:
    record(documents(1), store)
    environment.project.delete()
    record(documents(2), store)
    assert list(Record.objects.order_by("sequence").values_list("project", "project_slug")) == [
        (None, "support-desk"),
        (None, "support-desk"),
    ]


def test_hostile_text_fits_into_the_index(store: InMemoryStore, documents: Make, environment: Environment) -> None:
    row = record(documents(deployed_by="B\0ob" * 100, what_changed="\ud800 <script>"), store)
    row.refresh_from_db()
    assert row.deployed_by == ("Bob" * 100)[:150]
    assert row.what_changed == "? <script>"


def test_the_index_made_again_from_the_store_equals_the_old_one(
    store: InMemoryStore, documents: Make, environment: Environment
) -> None:
    for number in range(1, 6):
        record(documents(number, memory=number), store)
    record(documents(6, environment="prod"), store)
    record(documents(7, project="other-project", rollback_to="2025-11-01"), store)
    expected = rows()
    Record.objects.filter(sequence=2).delete()
    Record.objects.filter(sequence=3).update(status="made up")
    Record.objects.filter(project_slug="other-project").update(environment_name="nowhere")
    rebuilt = rebuild(store)
    assert rows() == expected
    assert (rebuilt.environments, rebuilt.records, rebuilt.removed) == (3, 7, 0)
    Record.objects.all().delete()
    rebuild(store)
    assert rows() == expected


def test_rows_the_store_knows_nothing_of_are_removed(
    store: InMemoryStore, documents: Make, environment: Environment
) -> None:
    record(documents(1), store)
    expected = rows()
    Record.objects.all().delete()
    longer = InMemoryStore()
    for number in range(1, 4):
        record(documents(number), longer)
    record(documents(4, environment="prod"), longer)
    assert rebuild(store).removed == 1
    assert rows() == expected


def test_a_damaged_environment_keeps_its_rows(store: InMemoryStore, documents: Make, environment: Environment) -> None:
    row = record(documents(), store)
    expected = rows()
    del store.objects[row.prefix + "metadata.json"]
    with pytest.raises(NotThere):
        rebuild(store)
    assert rows() == expected


def test_an_index_of_another_store_does_not_start_a_second_chain(
    store: InMemoryStore, documents: Make, environment: Environment
) -> None:
    record(documents(1), store)
    with pytest.raises(ChainBroken, match="history_reindex"):
        record(documents(2), InMemoryStore())


@pytest.fixture
def configured() -> InMemoryStore:
    """The store the settings name, empty."""
    store = configured_store()
    assert isinstance(store, InMemoryStore)
    store.objects.clear()
    return store


def run(command: str, *arguments: str) -> str:
    out = io.StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


def test_the_commands_verify_and_reindex(configured: InMemoryStore, documents: Make, environment: Environment) -> None:
    assert "no history yet" in run("history_verify")
    record(documents(1))
    row = record(documents(2))
    record(documents(3, environment="prod"))
    assert run("history_verify") == "support-desk/dev: nothing is wrong\nsupport-desk/prod: nothing is wrong\n"
    Record.objects.all().delete()
    assert run("history_reindex").startswith("3 records of 2 environments indexed, 0 rows")
    assert Record.objects.count() == 3

    key = row.prefix + "plan.json"
    configured.objects[key] += b" "
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 of 2 environments"):
        call_command("history_verify", stdout=out)
    assert f"support-desk/dev: edited: {key} (record 2): the content is not what was sealed" in out.getvalue()
    assert run("history_verify", "--environment", "prod") == "support-desk/prod: nothing is wrong\n"
    assert "no history" in run("history_verify", "--project", "other")

    del configured.objects[row.prefix + "metadata.json"]
    with pytest.raises(CommandError, match="history_verify"):
        call_command("history_reindex")


def test_a_history_that_vanished_as_a_whole_is_noticed(
    configured: InMemoryStore, documents: Make, environment: Environment
) -> None:
    record(documents())
    configured.objects.clear()
    with pytest.raises(CommandError, match="1 of 1"):
        run("history_verify")


def test_commands_say_it_when_the_store_cannot_be_reached(settings: Any, documents: Make) -> None:
    settings.HISTORY_STORE, settings.AWS_ENDPOINT_URL = "s3", ""
    for command in ("history_verify", "history_reindex"):
        with pytest.raises(CommandError, match="make run"):
            call_command(command)
