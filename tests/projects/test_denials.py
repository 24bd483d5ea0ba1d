"""Refusals: the first is an entry at once, equal ones within a minute are counted, and how many is an entry too."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from projects.audit import chains, tasks
from projects.audit.acting import Circumstances, acting
from projects.audit.deeds import Deed, Outcome, Via
from projects.audit.denials import close_up, deny
from projects.audit.models import AuditEntry, RepeatedDenial
from projects.models import Project, User

pytestmark = pytest.mark.django_db
NOBODY = AnonymousUser()


def refuse(project: Project | None, person: User | AnonymousUser, target: str = "GET /x", **more: Any) -> None:
    named = {"target_type": "page", "why": "Not yours."} | more
    with acting(Circumstances(via=Via.API, address="192.0.2.7", request_id="r1", token="ci")):
        deny(actor=person, project=project, target=target, **named)


def a_minute_later() -> None:
    RepeatedDenial.objects.update(since=timezone.now() - timedelta(minutes=2))


def test_equal_refusals_of_a_minute_are_two_entries(project: Project, bob: User) -> None:
    for _ in range(50):
        refuse(project, bob)
    first = AuditEntry.objects.get()
    assert (first.deed, first.outcome, first.actor_text) == (Deed.DENIED, Outcome.DENIED, "bob")
    assert (first.chain, first.address, first.request_id, first.token) == (project.pk, "192.0.2.7", "r1", "ci")
    assert first.detail == {"why": "Not yours."}
    assert close_up() == 0, "the minute is not over"
    a_minute_later()
    assert close_up() == 1
    again = AuditEntry.objects.first()
    assert again and again.detail["times"] == 49 and again.detail["since"]
    assert (again.chain, again.actor_id, again.address, again.via, again.token) == (
        project.pk, bob.pk, "192.0.2.7", Via.API, "ci",
    )  # fmt: skip
    assert again.request_id == "", "they were many requests"
    assert not RepeatedDenial.objects.exists()
    refuse(project, bob)
    assert AuditEntry.objects.count() == 3, "a new minute begins with an entry"


def test_what_differs_is_told_apart(project: Project, bob: User, ada: User) -> None:
    refuse(project, bob)
    refuse(project, ada)
    refuse(project, bob, "GET /y")
    refuse(project, bob, why="Another reason.")
    refuse(None, bob)
    assert AuditEntry.objects.count() == 5


def test_nobody_cannot_fill_the_log_with_names_they_make_up(project: Project) -> None:
    for number in range(50):
        refuse(project if number % 2 else None, NOBODY, f"GET /{number}")
    assert AuditEntry.objects.get().actor_text == "nobody"
    refuse(None, NOBODY, outside="another way")
    assert AuditEntry.objects.count() == 2


def test_who_or_what_is_gone_by_then_is_no_obstacle(project: Project, bob: User) -> None:
    for _ in range(2):
        refuse(project, bob)
    project.delete()
    bob.delete()
    a_minute_later()
    assert close_up() == 1


def test_the_beat_counts_before_it_chains(project: Project, bob: User) -> None:
    refuse(project, bob)
    refuse(project, bob)
    a_minute_later()
    tasks.close_up()
    assert chains.verify(project.pk) == chains.Verdict(2, 0)
