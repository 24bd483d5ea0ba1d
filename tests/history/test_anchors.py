"""What records remember of the audit log: a log that was cut off or written anew shows, however well it fits itself."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

import history.store
from history.anchors import Compared, anchor_of, compare
from history.audit_views import NEWEST
from history.chain import links
from history.recording import record
from history.records import Manifest
from history.store import StoreUnavailable
from projects.audit import chains
from projects.audit.deeds import Deed, Outcome
from projects.audit.models import AuditEntry, AuditHead
from projects.audit.writing import write
from projects.models import Environment, Project, User
from tests.web.conftest import Visit, visit

pytestmark = pytest.mark.django_db
__all__ = ["visit"]
Make = Callable[..., Any]


@pytest.fixture(autouse=True)
def empty_history() -> None:
    history.store._memory.cache_clear()


@pytest.fixture
def log(project: Project, dev: Environment, bob: User, documents: Make) -> Project:
    """Three records, each after two more entries: they remember 2, 4 and 6."""
    for number in (1, 2, 3):
        for _ in range(2):
            write(Deed.SECRET_SET, actor=bob, project=project, target=f"secret {number}")
        record(documents(number=number), audit=anchor_of(project))
    return project


def rewrite(project: Project, through: int) -> None:
    """What somebody with the database does who knows how digests are made: cuts, changes, and chains anew."""
    for cut in ({"number": None}, {"number__gt": through}):
        AuditEntry.objects.filter(chain=project.pk, **cut)._raw_delete(using="default")
    AuditEntry.objects.filter(chain=project.pk).update(number=None, digest="")
    AuditHead.objects.filter(chain=project.pk).update(number=0, digest="")
    chains.close_up()
    assert chains.verify(project.pk).wrong == "", "by itself it looks whole"


def test_a_log_that_nobody_touched_fits_every_record(log: Project, bob: User) -> None:
    assert compare(log) == Compared(3)
    assert compare(log, newest=2) == Compared(2)
    write(Deed.SECRET_SET, actor=bob, project=log)
    assert compare(log) == Compared(3), "it went on since"


def test_a_log_that_was_cut_off_names_the_first_entry_that_is_missing(log: Project) -> None:
    rewrite(log, through=3)
    found = compare(log)
    assert found.records == 1
    assert found.wrong.startswith("The log was cut off: it ends at entry 3, but held 4 when 2025-11-02")
    assert found.wrong.endswith("Entry 4 is the first that is missing.")


def test_a_log_that_was_written_anew_says_between_which_entries(log: Project) -> None:
    AuditEntry.objects.filter(chain=log.pk, number=3).update(actor_text="somebody else")
    rewrite(log, through=6)
    found = compare(log)
    assert found.records == 1, "what was before it still fits"
    assert "The log was written anew: entry 3 to 4 is not what it was" in found.wrong


def test_entries_that_expired_are_not_missed(log: Project) -> None:
    third = AuditEntry.objects.get(chain=log.pk, number=3)
    AuditHead.objects.filter(chain=log.pk).update(expired_number=3, expired_digest=third.digest)
    AuditEntry.objects.filter(chain=log.pk, number__lte=3)._raw_delete(using="default")
    assert compare(log) == Compared(2)
    AuditEntry.objects.filter(chain=log.pk, number=4).update(actor_text="somebody else", digest="0" * 64)
    assert "entry 4 is not what it was" in compare(log).wrong


def test_records_of_a_project_that_had_the_name_before_say_nothing(log: Project) -> None:
    AuditHead.objects.all().delete()
    AuditEntry.objects.all()._raw_delete(using="default")
    log.delete()
    assert compare(Project.objects.create(slug="support-desk")) == Compared(0)


def test_records_without_an_anchor_are_as_good_as_before(project: Project, dev: Environment, documents: Make) -> None:
    record(documents())
    [(_, data)] = links(history.store.store(), "support-desk", "dev")
    assert b"audit" not in data and Manifest.from_bytes(data).audit is None
    assert compare(project) == Compared(0)


def test_a_record_taken_up_after_a_crash_keeps_the_place_it_had(log: Project, documents: Make, bob: User) -> None:
    write(Deed.SECRET_SET, actor=bob, project=log)
    record(documents(number=3), audit=anchor_of(log))
    assert compare(log) == Compared(3), "it was sealed already, with what it remembered then"


def test_what_cannot_be_read_is_said(log: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    store = history.store.store()
    key, data = next(links(store, "support-desk", "dev"))
    store.put(key, data + b" ")
    assert compare(log).wrong.startswith("A manifest cannot be read:")

    def away(*args: object) -> Any:
        raise StoreUnavailable("S3 does not answer")

    monkeypatch.setattr(type(store), "keys", away)
    assert compare(log) == Compared(0, unknown="S3 does not answer")


def test_the_page_says_what_records_remember(log: Project, bob: User, visit: Visit) -> None:
    url, browser = reverse("audit-verification", args=["support-desk"]), visit(bob)
    assert "3 records of deployments remember the same log" in browser.post(url).content.decode()
    rewrite(log, through=3)
    shown = browser.post(url, headers={"HX-Request": "true"}).content.decode()
    assert "The log was cut off" in shown and "<html" not in shown and "fit each other" in shown
    newest = AuditEntry.objects.first()
    assert newest and (newest.deed, newest.outcome) == (Deed.AUDIT_VERIFIED, Outcome.FAILED)
    assert "cut off" in newest.detail["wrong"]
    assert NEWEST == 100


def test_the_command_verifies_all_there_is(log: Project, bob: User) -> None:
    Project.objects.create(slug="empty")
    said = io.StringIO()
    call_command("audit_verify", stdout=said)
    assert said.getvalue().splitlines() == [
        "empty: nothing is wrong (0 entries, 0 records)",
        "support-desk: nothing is wrong (6 entries, 3 records)",
        "no project: nothing is wrong (0 entries)",
    ]
    rewrite(log, through=5)
    with pytest.raises(CommandError, match="1 of the logs did not verify"):
        call_command("audit_verify", "--project", "support-desk", stdout=said)
    assert "Entry 6 is the first that is missing. (5 entries, 2 records)" in said.getvalue()
    with pytest.raises(CommandError, match="no project nothing"):
        call_command("audit_verify", "--project", "nothing")
