"""The audit log's pages, and what every request leaves in it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from deployments import orders, planning
from deployments.models import Deployment, Method, Status
from projects.audit import chains, reading, views
from projects.audit.deeds import Deed, Outcome
from projects.audit.models import ELSEWHERE, AuditEntry, AuditHead
from projects.audit.writing import write
from projects.bundles import read_folder
from projects.editing import add_source, save_configuration
from projects.models import Configuration, Environment, Project, User
from tests.conftest import SAMPLE
from tests.web.conftest import Visit

pytestmark = pytest.mark.django_db
SOMETHING = "<script>alert(1)</script>"


def body(answer: object) -> str:
    """The text of an answer, streamed or not."""
    streamed = getattr(answer, "streaming_content", None)
    return b"".join(streamed if streamed is not None else [answer.content]).decode()  # type: ignore[attr-defined]


def test_a_member_who_is_refused_and_an_outsider_leave_entries(
    project: Project, vera: User, mallory: User, visit: Visit
) -> None:
    answer = visit(vera).get(reverse("configuration-edit", args=[project.slug]))
    assert answer.status_code == 403
    assert visit(mallory).get(reverse("project", args=[project.slug])).status_code == 404
    outsider, member = AuditEntry.objects.all()
    assert (member.actor_text, member.outcome, member.chain) == ("vera", Outcome.DENIED, project.pk)
    assert member.target == "GET /projects/support-desk/configuration/edit/"
    assert member.detail["why"].startswith("You are viewer in support-desk.")
    assert (member.address, member.request_id) == ("127.0.0.1", answer.headers["X-Request-ID"])
    assert (outsider.actor_text, outsider.deed, outsider.chain) == ("mallory", Deed.DENIED, project.pk)


def test_asking_for_what_never_was_is_an_entry_of_no_project(mallory: User, visit: Visit) -> None:
    visit(mallory).get(reverse("project", args=["nothing"]))
    visit(mallory).get("/no-such-page/")
    assert AuditEntry.objects.get().chain == ELSEWHERE


def test_the_page_shows_what_happened_inert_and_filtered(project: Project, bob: User, visit: Visit) -> None:
    write(Deed.SOURCE_UPLOADED, actor=bob, project=project, target=SOMETHING, detail={"after": SOMETHING})
    write(Deed.MEMBER_ADDED, actor=bob, project=project, target="somebody")
    url, browser = reverse("audit", args=[project.slug]), visit(bob)
    shown = body(browser.get(url))
    assert "uploaded a source bundle" in shown and "added a member" in shown
    assert SOMETHING not in shown and "&lt;script&gt;alert(1)" in shown
    fragment = body(browser.get(url, {"deed": "member.added"}, headers={"HX-Request": "true"}))
    assert "somebody" in fragment and "script" not in fragment and "<html" not in fragment
    assert "Nothing fits" in body(browser.get(url, {"text": "absent", "since": "not a day", "below": "x"}))


def test_more_is_loaded_by_key(project: Project, bob: User, visit: Visit) -> None:
    for number in range(35):
        write(Deed.SECRET_SET, actor=bob, project=project, target=f"secret-{number:02}")
    url, browser = reverse("audit", args=[project.slug]), visit(bob)
    first = body(browser.get(url))
    assert "secret-34" in first and "secret-04" not in first
    below = AuditEntry.objects.get(target="secret-05").pk
    assert f"below={below}" in first
    more = body(browser.get(url, {"below": below}, headers={"HX-Request": "true", "HX-Target": "more"}))
    assert "secret-04" in more and "secret-05" not in more and "<ol" not in more


def test_a_search_says_how_far_back_it_looked(
    project: Project, bob: User, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("needle", "first", "second", "third", "fourth"):
        write(Deed.SECRET_SET, actor=bob, project=project, target=name)
    monkeypatch.setattr(reading, "LOOKED_AT", 2)
    url, browser = reverse("audit", args=[project.slug]), visit(bob)
    near = body(browser.get(url, {"text": "needle"}))
    assert "Nothing fits so far. Looked back to" in near and "Look further back" in near
    further = html.unescape(re.findall(r'href="\?([^"]*further=yes)"', near)[0])
    far = body(browser.get(f"{url}?{further}", headers={"HX-Request": "true", "HX-Target": "more"}))
    assert '<span class="audit-target">needle</span>' in far and "Look" not in far


def test_not_everybody_is_offered_but_anybody_can_be_typed(
    project: Project, bob: User, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "OFFERED", 1)
    write(Deed.SECRET_SET, actor=bob, project=project, target="token")
    url, browser = reverse("audit", args=[project.slug]), visit(bob)
    assert body(browser.get(url)).count('<option value="ada">') == 1
    shown = body(browser.get(url, {"person": "bob"}))
    assert 'value="bob"' in shown and '<option value="bob">' not in shown and "token" in shown
    assert "Nothing fits" in body(browser.get(url, {"person": "vera~", "deed": "~"}))


def test_an_export_is_what_the_page_shows_and_is_itself_an_entry(project: Project, bob: User, visit: Visit) -> None:
    write(Deed.SECRET_SET, actor=bob, project=project, target="token")
    write(Deed.MEMBER_ADDED, actor=bob, project=project)
    answer = visit(bob).get(reverse("audit-export", args=[project.slug, "json"]), {"deed": "secret.set"})
    assert [json.loads(line)["target"] for line in body(answer).splitlines()] == ["token"]
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="audit-support-desk-')
    read = AuditEntry.objects.first()
    assert read and read.deed == Deed.AUDIT_EXPORTED and read.detail == {"deed": "secret.set"}


def test_verifying_says_what_is_wrong(project: Project, bob: User, visit: Visit) -> None:
    write(Deed.SECRET_SET, actor=bob, project=project)
    chains.close_up()
    url, browser = reverse("audit-verification", args=[project.slug]), visit(bob)
    assert "Every one of 1 entries is what was written" in body(browser.post(url))
    AuditEntry.objects.filter(deed=Deed.SECRET_SET).update(actor_text="vera")
    fragment = body(browser.post(url, headers={"HX-Request": "true"}))
    assert "Entry 1 is not what was written." in fragment and "<html" not in fragment
    newest = AuditEntry.objects.first()
    assert newest and (newest.deed, newest.outcome) == (Deed.AUDIT_VERIFIED, Outcome.FAILED)


def test_the_owner_says_how_long_entries_are_kept(project: Project, alice: User, visit: Visit) -> None:
    url, browser = reverse("audit-keeping", args=[project.slug]), visit(alice)
    assert "at least 30 days" in body(browser.post(url, {"keep_days": "3"}, follow=True))
    assert not AuditHead.objects.exists()
    assert "Entries are kept for 400 days." in body(browser.post(url, {"keep_days": "400"}, follow=True))
    assert "Entries are kept for ever." in body(browser.post(url, {"keep_days": ""}, follow=True))
    assert AuditHead.objects.get().keep_days is None
    assert AuditEntry.objects.filter(deed=Deed.AUDIT_KEPT).first().detail == {"before": 400, "after": None}  # type: ignore[union-attr]


def test_what_is_wanted_changes_with_an_entry(project: Project, alice: User, visit: Visit) -> None:
    first = save_configuration(project=project, text="a: 1\n", author=alice, message="First", base_number=None)
    save_configuration(project=project, text="a: 1\n", author=alice, message="The same", base_number=1)
    bundle = read_folder(SAMPLE)
    for _ in range(2):
        add_source(project=project, bundle=bundle, origin="here", author=alice)
    uploaded, saved = AuditEntry.objects.all()
    assert (saved.deed, saved.target, saved.detail) == (
        Deed.CONFIGURATION_SAVED, "1", {"digest": first.digest, "message": "First"},
    )  # fmt: skip
    assert (uploaded.deed, uploaded.target) == (Deed.SOURCE_UPLOADED, bundle.digest[:12])


def test_an_environment_changes_with_what_was_and_what_is(
    project: Project, dev: Environment, alice: User, visit: Visit
) -> None:
    form = {"name": "qa", "account": "123456789012", "region": "us-east-1", "credentials": "ambient"}
    browser = visit(alice)
    browser.post(reverse("environment-new", args=[project.slug]), form)
    edit = reverse("environment-edit", args=[project.slug, "qa"])
    browser.post(edit, form | {"region": "eu-west-1"})
    browser.post(edit, form | {"region": "eu-west-1"})
    moved, made = AuditEntry.objects.all()
    assert (made.deed, made.environment) == (Deed.ENVIRONMENT_CREATED, "qa")
    assert made.detail["after"]["account"] == "123456789012"
    assert moved.detail == {"before": {"region": "us-east-1"}, "after": {"region": "eu-west-1"}}


def test_members_come_change_and_go_with_entries(project: Project, alice: User, mallory: User, visit: Visit) -> None:
    browser = visit(alice)
    browser.post(reverse("members", args=[project.slug]), {"username": "mallory", "role": "viewer"})
    member = project.memberships.get(user=mallory)
    browser.post(reverse("member-role", args=[project.slug, member.pk]), {"role": "deployer"})
    browser.post(reverse("member-remove", args=[project.slug, member.pk]))
    told = [(entry.deed, entry.target, entry.detail) for entry in AuditEntry.objects.order_by("id")]
    assert told == [
        (Deed.MEMBER_ADDED, "mallory", {"after": "viewer"}),
        (Deed.ROLE_CHANGED, "mallory", {"before": "viewer", "after": "deployer"}),
        (Deed.MEMBER_REMOVED, "mallory", {"before": "deployer"}),
    ]


def test_reading_a_file_of_a_record_is_an_entry(recorded: Deployment, bob: User, visit: Visit) -> None:
    project = recorded.environment.project
    visit(bob).get(reverse("record-file", args=[project.slug, recorded.public_id, "plan.json"]))
    read = AuditEntry.objects.get(deed=Deed.RECORD_READ)
    assert (read.actor_text, read.target) == ("bob", f"{recorded.public_id}/plan.json")


def test_a_plans_way_is_told_from_proposal_to_cancelling(
    dev: Environment, prod: Environment, configuration: Configuration, bob: User, propose: Callable[..., Deployment]
) -> None:
    planning.propose(environment=dev, actor=bob, method=Method.WEB, message="Why")
    ready, waiting = propose(dev, Status.READY), propose(prod, Status.WAITING)
    orders.start(deployment_id=ready.pk, actor=bob)
    orders.start(deployment_id=ready.pk, actor=bob)  # twice is once
    orders.cancel(deployment_id=ready.pk, actor=bob)
    orders.discard(deployment_id=waiting.pk, actor=bob)
    entries = AuditEntry.objects.filter(target_type="deployment").order_by("id")
    told = [(entry.deed, entry.environment) for entry in entries]
    assert told == [
        (Deed.PLAN_PROPOSED, "dev"),
        (Deed.RUN_STARTED, "dev"),
        (Deed.RUN_CANCELLED, "dev"),
        (Deed.PLAN_DISCARDED, "prod"),
    ]
    assert entries[0].detail == {"kind": "deploy", "revision": 1, "message": "Why"}


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "198.51.100.9", "127.0.0.1"),
        (1, "10.0.0.1, 198.51.100.9", "198.51.100.9"),
        (2, "198.51.100.9, 10.0.0.1", "198.51.100.9"),
        (2, "198.51.100.9", "127.0.0.1"),
        (1, "<script>", "127.0.0.1"),
        (1, "", "127.0.0.1"),
    ],
)
def test_only_proxies_of_ours_say_where_a_request_came_from(
    proxies: int, forwarded: str, address: str, project: Project, mallory: User, visit: Visit, settings: Any
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    visit(mallory).get(reverse("project", args=[project.slug]), headers={"X-Forwarded-For": forwarded})
    assert AuditEntry.objects.get().address == address
