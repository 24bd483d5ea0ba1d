"""The audit log: written with the deed, chained, verified, and let expire."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from projects.audit import chains, reading, tasks
from projects.audit.acting import Circumstances, acting
from projects.audit.deeds import Deed, Outcome, Via
from projects.audit.models import ELSEWHERE, AppendOnly, AuditEntry, AuditHead
from projects.audit.writing import write
from projects.models import Environment, Project, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def log(project: Project, bob: User) -> list[AuditEntry]:
    """Six chained entries of one project."""
    for number in range(6):
        write(Deed.CONFIGURATION_SAVED, actor=bob, project=project, target=f"revision {number}", detail={"n": number})
    assert chains.close_up() == 6
    return list(AuditEntry.objects.order_by("id"))


def test_an_entry_says_who_what_where_from_and_through_which_door(dev: Environment, bob: User) -> None:
    with acting(Circumstances(Via.API, "192.0.2.7", "r1", "ci")):
        write(Deed.PLAN_PROPOSED, actor=bob, environment=dev, target_type="deployment", target="x", detail={"a": [1]})
    write(Deed.RUN_ENDED, actor=None, environment=dev)
    ended, proposed = AuditEntry.objects.all()
    assert str(proposed) == "bob proposed a plan x"
    assert (proposed.chain, proposed.environment, proposed.actor_id) == (dev.project_id, "dev", bob.pk)
    assert (proposed.via, proposed.address, proposed.request_id, proposed.token) == (Via.API, "192.0.2.7", "r1", "ci")
    assert (ended.actor_text, ended.via, ended.address) == ("strandsweb", Via.WORKER, "")


def test_what_belongs_to_no_project_has_a_chain_of_its_own(bob: User, log: list[AuditEntry]) -> None:
    write(Deed.SIGNED_IN, actor=bob)
    write(Deed.SIGN_IN_FAILED, actor=None, actor_text="bob?", outcome=Outcome.FAILED)
    assert chains.close_up() == 2
    assert chains.verify(ELSEWHERE) == chains.Verdict(2, 0)
    assert chains.verify(log[0].chain) == chains.Verdict(6, 0)


def test_a_deed_that_did_not_happen_leaves_no_entry(bob: User, project: Project) -> None:
    with transaction.atomic():
        write(Deed.MEMBER_ADDED, actor=bob, project=project)
        transaction.set_rollback(True)
    assert not AuditEntry.objects.exists()


def test_entries_are_not_changed_and_not_deleted(log: list[AuditEntry]) -> None:
    with pytest.raises(AppendOnly):
        log[0].save()
    with pytest.raises(AppendOnly):
        log[0].delete()


def test_more_entries_than_a_batch_are_chained_and_read_in_order(
    project: Project, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chains, "BATCH", 2)
    for number in range(5):
        write(Deed.SOURCE_UPLOADED, actor=bob, project=project, target=number)
    assert chains.verify(project.pk) == chains.Verdict(0, 5)
    assert chains.close_up() == 5
    assert chains.close_up() == 0
    assert chains.verify(project.pk) == chains.Verdict(5, 0)


TAMPERING: dict[str, tuple[Callable[[list[AuditEntry]], object], str]] = {
    "edited": (
        lambda log: AuditEntry.objects.filter(pk=log[2].pk).update(actor_text="mallory"),
        "Entry 3 is not what was written.",
    ),
    "edited in its detail": (
        lambda log: AuditEntry.objects.filter(pk=log[3].pk).update(detail={"n": 99}),
        "Entry 4 is not what was written.",
    ),
    "deleted": (
        lambda log: AuditEntry.objects.filter(pk=log[1].pk).delete(),
        "Entry 2 is missing; the next one there is 3.",
    ),
    "cut off": (
        lambda log: AuditEntry.objects.filter(pk=log[5].pk).delete(),
        "The chain ends at entry 5, but 6 were written.",
    ),
    "moved to another project": (
        lambda log: AuditEntry.objects.filter(pk=log[0].pk).update(chain=ELSEWHERE),
        "Entry 1 is missing; the next one there is 2.",
    ),
    "redone without what came before": (
        lambda log: AuditEntry.objects.filter(pk=log[4].pk).update(digest=chains.digest_of(log[4], 5, "")),
        "Entry 5 is not what was written.",
    ),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_the_first_entry_that_was_tampered_with_is_named(how: str, log: list[AuditEntry]) -> None:
    tamper, told = TAMPERING[how]
    tamper(log)
    assert chains.verify(log[0].chain if how != "moved to another project" else log[1].chain).wrong == told


def test_what_is_too_old_expires_from_the_front_and_the_rest_still_verifies(log: list[AuditEntry]) -> None:
    chain, now = log[0].chain, timezone.now()
    assert chains.expire(chain, now + timedelta(days=9999)) == 0  # for ever, unless the owner says otherwise
    AuditHead.objects.filter(chain=chain).update(keep_days=30)
    assert chains.expire(chain, now) == 0
    assert chains.expire(ELSEWHERE, now) == 0
    for entry in log[:4]:
        AuditEntry.objects.filter(pk=entry.pk).update(time=now - timedelta(days=31))
    tasks.expire()
    told = AuditEntry.objects.get(deed=Deed.AUDIT_EXPIRED)
    assert (told.actor_text, told.detail) == ("strandsweb", {"count": 4, "through": 4})
    assert chains.expire_all(now) == 0
    tasks.close_up()
    assert chains.verify(chain) == chains.Verdict(3, 0)
    AuditEntry.objects.filter(pk=log[4].pk).delete()
    assert chains.verify(chain).wrong == "Entry 5 is missing; the next one there is 6."


def test_when_all_are_too_old_the_chain_goes_on_from_where_it_was(project: Project, bob: User) -> None:
    write(Deed.MEMBER_ADDED, actor=bob, project=project)
    chains.close_up()
    AuditHead.objects.update(keep_days=30)
    assert chains.expire(project.pk, timezone.now() + timedelta(days=31)) == 1
    write(Deed.MEMBER_REMOVED, actor=bob, project=project)
    chains.close_up()
    assert chains.verify(project.pk) == chains.Verdict(2, 0)
    assert AuditEntry.objects.get(deed=Deed.MEMBER_REMOVED).number == 3


def test_filters_keep_what_fits(dev: Environment, bob: User, vera: User) -> None:
    write(Deed.PLAN_PROPOSED, actor=bob, environment=dev, target="2026-a")
    write(Deed.PLAN_APPROVED, actor=vera, environment=dev, target="2026-a")
    write(Deed.MEMBER_ADDED, actor=vera, project=dev.project, target="100%_sure")
    write(Deed.DENIED, actor=vera, project=dev.project, outcome=Outcome.DENIED)
    today = timezone.localdate()

    def found(filters: reading.Filters) -> list[str]:
        assert filters
        return [entry.deed for entry in filters.keep(AuditEntry.objects.all())]

    assert found(reading.Filters(person="bob")) == [Deed.PLAN_PROPOSED]
    assert found(reading.Filters(deed="plan")) == [Deed.PLAN_APPROVED, Deed.PLAN_PROPOSED]
    assert found(reading.Filters(deed=Deed.PLAN_APPROVED)) == [Deed.PLAN_APPROVED]
    assert found(reading.Filters(outcome="denied")) == [Deed.DENIED]
    assert found(reading.Filters(environment="dev", text="2026 vera")) == [Deed.PLAN_APPROVED]
    assert found(reading.Filters(text="%_")) == [Deed.MEMBER_ADDED]
    assert len(found(reading.Filters(since=today, until=today))) == 4
    assert not found(reading.Filters(since=today + timedelta(days=1)))
    assert not reading.Filters(text=" ")


def test_an_unknown_deed_is_told_by_its_code() -> None:
    assert AuditEntry(deed="thing.of.tomorrow").words == "thing.of.tomorrow"
    assert AuditEntry(deed=Deed.MEMBER_ADDED).words == "added a member"


def test_what_no_index_finds_is_looked_for_so_far_back_and_then_further(
    dev: Environment, bob: User, vera: User
) -> None:
    for number in range(10):
        write(Deed.SECRET_SET, actor=vera if number < 5 else bob, environment=dev, target=f"needle-{number}")
    everything = AuditEntry.objects.filter(chain=dev.project_id)

    def found(filters: reading.Filters, below: int | None = None) -> tuple[list[str], reading.Page]:
        page = reading.page(everything, filters, below=below, size=2, looked_at=4)
        return [entry.target[-1] for entry in page.entries], page

    targets, first = found(reading.Filters(text="needle-5"))
    looked_to = everything.get(target="needle-5")
    assert (targets, first.looked_to, first.below) == ([], looked_to.time, looked_to.pk + 1)
    targets, second = found(reading.Filters(text="needle-5"), first.below)
    assert targets == ["5"] and second.below is not None
    targets, last = found(reading.Filters(text="needle-5"), second.below)
    assert (targets, last.below, last.looked_to) == ([], None, None)
    assert found(reading.Filters(outcome="done"))[1] == found(reading.Filters())[1], (
        "a full page has not looked further"
    )
    assert found(reading.Filters(person="vera"))[0] == ["4", "3"], "an index finds them, however far back"
    assert found(reading.Filters(person="vera", text="needle-1"))[0] == ["1"], "looked for among hers alone"


def test_days_are_found_without_passing_all_others(dev: Environment, bob: User, django_assert_num_queries: Any) -> None:
    today = timezone.localdate()
    noon = timezone.now().replace(hour=12)
    for number in range(10):
        entry = write(Deed.SECRET_SET, actor=bob, environment=dev, target=number)
        AuditEntry.objects.filter(pk=entry.pk).update(time=noon - timedelta(days=9 - number))
    day = today - timedelta(days=4)
    with django_assert_num_queries(3):
        page = reading.page(AuditEntry.objects.all(), reading.Filters(since=day, until=day), looked_at=1)
    assert ([entry.target for entry in page.entries], page.below) == (["5"], None)
    later = reading.page(AuditEntry.objects.all(), reading.Filters(since=today - timedelta(days=99), until=today))
    assert len(later.entries) == 10


def test_pages_follow_each_other_by_key_whatever_is_written_meanwhile(
    log: list[AuditEntry], project: Project, bob: User
) -> None:
    first = reading.page(AuditEntry.objects.all(), size=4)
    write(Deed.MEMBER_ADDED, actor=bob, project=project)
    second = reading.page(AuditEntry.objects.all(), below=first.below, size=4)
    assert [entry.target for entry in (*first.entries, *second.entries)] == [
        f"revision {number}" for number in (5, 4, 3, 2, 1, 0)
    ]
    assert second.below is None


def test_exports_hold_everything_and_no_formula(project: Project, bob: User, log: list[AuditEntry]) -> None:
    write(Deed.SECRET_SET, actor=bob, project=project, target="=HYPERLINK(evil)")
    rows = list(csv.DictReader("".join(reading.as_csv(AuditEntry.objects.all())).splitlines()))
    assert [row["target"] for row in rows][-1] == "'=HYPERLINK(evil)"
    assert json.loads(rows[2]["detail"]) == {"n": 2} and rows[2]["digest"] == log[2].digest
    lines = [json.loads(line) for line in reading.as_json_lines(AuditEntry.objects.all())]
    assert [line["target"] for line in lines][-1] == "=HYPERLINK(evil)"
    assert lines[0]["actor"] == "bob" and lines[0]["number"] == 1
