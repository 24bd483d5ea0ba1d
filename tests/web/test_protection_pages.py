"""The pages of protection: what is in force, editing it with inputs or as JSON, consent, and the past."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given

from deployments import inbox
from deployments.telling.models import Delivery
from projects import protecting
from projects.models import Environment, Membership, Project, ProtectionRevision, User
from projects.people.models import Group
from projects.protection.model import Protection, Requirement
from projects.protection.reading import read
from projects.protection_editor import Editor, Known, numbered, typed_of, with_row, without_row
from projects.roles import Role
from tests.conftest import person, protect
from tests.projects.protections import protections
from tests.web.conftest import Visit

NOBODY = Known([], [], [])


@pytest.fixture
def otto(project: Project) -> User:
    """Owns the project too."""
    otto = person("otto")
    Membership.objects.create(project=project, user=otto, role=Role.OWNER)
    return otto


def address(environment: Environment, name: str = "protection", *more: int) -> str:
    return reverse(name, args=[environment.project.slug, environment.name, *more])


def inputs(html: str) -> dict[str, list[str]]:
    """What a browser would send of the form: every input that counts, by its name."""
    sent: dict[str, list[str]] = {}
    for tag in re.findall(r"<input [^>]*>", html):
        found = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        ticked = found.get("type") in ("checkbox", "radio")
        if "name" in found and (" checked" in tag or not ticked):
            sent.setdefault(found["name"], []).append(unescape(found.get("value", "on" if ticked else "")))
    for name, options in re.findall(r'<select name="([^"]*)".*?>(.*?)</select>', html, re.DOTALL):
        sent[name] = re.findall(r'value="([^"]*)" selected', options)
    for name, text in re.findall(r'<textarea [^>]*?name="([^"]*)"[^>]*>(.*?)</textarea>', html, re.DOTALL):
        sent[name] = [unescape(text.strip())]
    return {name: values for name, values in sent.items() if name != "csrfmiddlewaretoken"}


def editor_of(browser: Client, environment: Environment) -> dict[str, Any]:
    """The form as it is opened."""
    return inputs(browser.get(address(environment, "protection-edit")).content.decode())


def save(browser: Client, environment: Environment, protection: Protection, message: str = "", base: int = 0) -> Any:
    """Saves it as JSON."""
    data = {"as": "json", "do": "save", "base": base, "message": message, "text": protection.to_json()}
    return browser.post(address(environment, "protection-edit"), data, follow=True)


@given(protections)
def test_what_the_inputs_show_is_what_they_say(protection: Protection) -> None:
    assert Editor(typed_of(protection), NOBODY).read() == protection


@given(protections)
def test_rows_come_and_go_and_the_others_stay(protection: Protection) -> None:
    typed = typed_of(protection)
    for name in ("approvals", "freezes"):
        count = len(getattr(protection, name))
        more = with_row(typed, name)
        assert numbered(without_row(more, name, count)) == typed
        fewer = Editor(without_row(typed, name, 0), NOBODY).as_data()
        assert len(fewer[name]) == max(0, count - 1)
        assert without_row(typed, name, count) == typed


@pytest.mark.django_db
def test_everybody_in_the_project_reads_what_is_asked_for(prod: Environment, vera: User, visit: Visit) -> None:
    text = visit(vera).get(address(prod)).content.decode()
    assert "1 by whoever may approve" in text
    assert "revision 1" in text
    assert address(prod, "protection-edit") not in text


@pytest.mark.django_db
def test_an_environment_without_protection_says_so(dev: Environment, alice: User, visit: Visit) -> None:
    text = visit(alice).get(address(dev)).content.decode()
    assert "It asks for nothing" in text
    assert address(dev, "protection-edit") in text
    assert visit(alice).get(address(dev, "protection-file", 0)).json() == Protection().as_dict()


@pytest.mark.django_db
def test_a_protection_is_written_with_inputs_alone(
    dev: Environment, prod: Environment, alice: User, visit: Visit
) -> None:
    Group.objects.create(project=dev.project, name="sre")
    browser = visit(alice)
    url = address(dev, "protection-edit")
    sent = editor_of(browser, dev) | {"do": "add:approvals"}
    sent = inputs(browser.post(url, sent).content.decode()) | {"do": "add:freezes"}
    sent = inputs(browser.post(url, sent).content.decode())
    assert sent["approvals[0].count"] == ["1"]
    sent |= {
        "approvals[0].count": "2", "approvals[0].people": ["ada", "alice"], "approvals[0].groups": ["sre"],
        "approvals[0].roles": ["owner"], "commentRequired": "on", "approvalsExpireHours": "24",
        "minimumWaitMinutes": "10", "budget.deletes": "0", "budget.monthlyIncreaseUsd": "12.5",
        "budget.moreApprovals": "2", "branches": "main\nrelease/*\n", "promotedFrom": ["prod"], "preflight": "on",
        "freezes[0].name": "weekend", "freezes[0].zone": "Europe/Berlin", "freezes[0].kind": "cron",
        "freezes[0].cron.expression": "0 16 * * FRI", "freezes[0].cron.minutes": "120", "freezes[0].running": "end",
    }  # fmt: skip
    review = browser.post(url, sent | {"do": "review"})
    text = review.content.decode()
    assert review.status_code == 200
    assert "It takes effect at once." in text
    assert "at every 0 16 * * fri of cron for 2 hours (Europe/Berlin), ends what runs" in text
    assert text.count("(Europe/Berlin)") == 6, "the freeze in words, and its next five times"
    assert protecting.in_force(dev).number == 0, "nothing is saved before somebody saw what changes"
    saved = browser.post(url, inputs(text) | {"do": "save", "message": "before we go live"}, follow=True)
    assert "Revision 1 is in force." in saved.content.decode()
    asked = protecting.in_force(dev).protection
    assert asked.approvals == (Requirement(2, ("ada", "alice"), ("sre",), (Role.OWNER,)),)
    assert (asked.budget.deletes, asked.budget.monthly_increase_usd, asked.budget.resources) == (0, 12.5, None)
    assert (asked.branches, asked.promoted_from) == (("main", "release/*"), ("prod",))
    assert (asked.comment_required, asked.preflight, asked.lint) == (True, True, False)
    row = ProtectionRevision.objects.get(environment=dev)
    assert (row.message, row.author) == ("before we go live", alice)
    assert inputs(browser.get(url).content.decode())["freezes[0].cron.expression"] == ["0 16 * * fri"]


@pytest.mark.django_db
def test_rows_are_a_fragment_for_htmx_and_a_page_without(dev: Environment, alice: User, visit: Visit) -> None:
    browser, url = visit(alice), address(dev, "protection-edit")
    sent = editor_of(browser, dev) | {"do": "add:freezes"}
    fragment = browser.post(url, sent, headers={"HX-Request": "true"}).content.decode().strip()
    assert fragment.startswith('<form method="post" id="protection-editor"')
    whole = browser.post(url, sent).content.decode()
    assert whole.strip().startswith("<!doctype html>")
    assert "freezes[0].name" in fragment
    assert "freezes[0].name" in whole
    removed = browser.post(url, inputs(fragment) | {"do": "remove:freezes:0"}).content.decode()
    assert "freezes[0].name" not in removed


@pytest.mark.django_db
def test_the_next_times_of_freezes_are_shown_while_they_are_edited(dev: Environment, alice: User, visit: Visit) -> None:
    browser, url = visit(alice), address(dev, "protection-edit")
    typed = {
        "freezes[0].name": "nights", "freezes[0].zone": "Asia/Tokyo",
        "freezes[0].kind": "weekly", "freezes[0].running": "end",
        "freezes[0].weekly.days": ["mon", "tue"], "freezes[0].weekly.at": "22:00", "freezes[0].weekly.minutes": "480",
        "freezes[1].name": "over", "freezes[1].zone": "UTC", "freezes[1].kind": "once", "freezes[1].running": "finish",
        "freezes[1].once.start": "2020-01-01T00:00", "freezes[1].once.end": "2020-01-02T00:00",
    }  # fmt: skip
    sent = editor_of(browser, dev) | typed | {"do": "times"}
    text = browser.post(url, sent).content.decode()
    assert text.count("(Asia/Tokyo)") == 5
    assert len(re.findall(r"from (Mon|Tue) .* 22:00 to (Tue|Wed) .* 06:00", text)) == 5
    assert text.count("data-moment") == 5
    assert "None within the next three years." in text
    half = browser.post(url, sent | {"freezes[1].once.end": "soon"})
    assert (half.status_code, half.content.decode().count("(Asia/Tokyo)")) == (422, 5)


@pytest.mark.django_db
def test_buttons_nobody_offers_change_nothing(dev: Environment, alice: User, visit: Visit) -> None:
    browser, url = visit(alice), address(dev, "protection-edit")
    sent = inputs(browser.post(url, editor_of(browser, dev) | {"do": "add:freezes"}).content.decode())
    for do in ("remove:freezes:7", "remove:freezes:x", "remove:secrets:0", "add:secrets"):
        assert inputs(browser.post(url, sent | {"do": do}).content.decode()) == sent
    shown = browser.post(url, {"as": "json", "do": "json", "base": "\u0663", "text": "{}"}).content.decode()
    assert json.loads(inputs(shown)["text"][0]) == Protection().as_dict()
    assert save(browser, dev, Protection(lint=True), base=-1).status_code == 409


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"budget.deletes": "few"}, "A whole number from 0 to 1000000 is expected here."),
        ({"minimumWaitMinutes": "1.5"}, "A whole number from 0 to"),
        ({"freezes[0].name": "x", "freezes[0].kind": "cron"}, "Say how many minutes it lasts."),
        ({"freezes[3].name": "x", "freezes[3].kind": "sometime"}, "say either once, weekly or cron."),
        ({"freezes[0].kind": "weekly", "freezes[0].zone": "Europe/Berlim"}, "did you mean Europe/Berlin?"),
        ({"approvals[0].count": "21"}, "A whole number from 1 to 20"),
        ({"approvals[0].count": "20", "approvals[1].count": "20"}, "at most 20 people can be asked for"),
        ({"branches": "main\nmain"}, "Something is named twice."),
    ],
)
def test_mistakes_are_at_their_inputs_and_nothing_typed_is_lost(
    typed: dict[str, str], said: str, dev: Environment, alice: User, visit: Visit
) -> None:
    browser = visit(alice)
    answer = browser.post(address(dev, "protection-edit"), editor_of(browser, dev) | typed | {"do": "save"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert said in text
    for name, value in typed.items():
        place = re.sub(r"\[\d+\]", "[0]", name) if name.startswith("freezes") else name
        if value != "sometime":
            assert value in "\n".join(inputs(text)[place]), place
    assert not dev.protections.exists()


@pytest.mark.django_db
def test_json_and_inputs_change_into_each_other(prod: Environment, alice: User, visit: Visit) -> None:
    browser, url = visit(alice), address(prod, "protection-edit")
    text = inputs(browser.post(url, editor_of(browser, prod) | {"do": "json"}).content.decode())
    assert read(json.loads(text["text"][0])) == protecting.in_force(prod).protection
    again = browser.post(url, {"as": "json", "do": "form", "base": "1", "text": '{"lint": true}'}).content.decode()
    assert inputs(again)["lint"] == ["on"]
    assert inputs(again)["base"] == ["1"]


@pytest.mark.django_db
@pytest.mark.parametrize("do", ["form", "review", "save", "json"])
def test_json_with_mistakes_stays_as_it_was_typed(do: str, dev: Environment, alice: User, visit: Visit) -> None:
    data = {"as": "json", "do": do, "base": "0", "text": '{"lint": "<b>yes"}'}
    answer = visit(alice).post(address(dev, "protection-edit"), data)
    assert answer.status_code == 422
    assert "<code>lint</code><p>true or false is expected here</p>" in answer.content.decode()
    assert "&lt;b&gt;yes" in answer.content.decode()


@pytest.mark.django_db
def test_json_that_is_too_long_is_told(dev: Environment, alice: User, visit: Visit) -> None:
    data = {"as": "json", "do": "review", "text": " " * 200_001}
    assert "longer than 200000 characters" in visit(alice).post(address(dev, "protection-edit"), data).content.decode()


@pytest.mark.django_db
def test_what_cannot_be_had_is_said_before_it_is_saved(dev: Environment, alice: User, visit: Visit) -> None:
    protection = Protection(approvals=(Requirement(2, people=("ada", "zed")),), upstream=("staging",))
    data = {"as": "json", "do": "review", "base": "0", "text": protection.to_json()}
    text = visit(alice).post(address(dev, "protection-edit"), data).content.decode()
    assert "2 approvals by ada or zed: only ada could approve now." in text
    assert "staging is no other environment of this project" in text


@pytest.mark.django_db
def test_a_second_owner_consents(
    prod: Environment, alice: User, otto: User, ada: User, visit: Visit, settings: Any
) -> None:
    settings.MAIL = True
    for each in (alice, otto, ada):
        each.emailaddress_set.create(email=f"{each.username}@example.com", verified=True, primary=True)
    answer = save(visit(alice), prod, Protection(lint=True), "one less", base=1)
    assert "Revision 2 waits for the consent of another owner." in answer.content.decode()
    assert "It takes effect when otto consents." in answer.content.decode()
    assert protecting.in_force(prod).number == 1
    assert (inbox.count(otto), inbox.count(alice), inbox.count(ada)) == (1, 0, 0)
    mine = "Your change of the protection of prod waits for another owner"
    assert mine in visit(alice).get(reverse("inbox")).content.decode()
    row = visit(otto).get(reverse("inbox")).content.decode()
    assert mine not in row
    assert "A change of the protection of prod waits for your consent" in row
    told = Delivery.objects.get(occasion="protection.waiting")
    assert (told.person, told.path) == (otto, address(prod))
    assert "one less" in told.text
    assert "Lint: has to pass" in told.text
    page = visit(otto).get(address(prod)).content.decode()
    assert address(prod, "protection-consent", 2) in page
    assert address(prod, "protection-withdraw", 2) not in page
    done = visit(otto).post(address(prod, "protection-consent", 2), follow=True).content.decode()
    assert "Revision 2 is in force." in done
    assert protecting.in_force(prod).protection == Protection(lint=True)
    assert inbox.count(otto) == 0
    assert {each.to_text for each in Delivery.objects.filter(occasion="protection.changed")} <= {"alice", "ada", "otto"}
    again = visit(otto).post(address(prod, "protection-consent", 2), follow=True).content.decode()
    assert "revision 2 does not wait any more, it took effect" in again


@pytest.mark.django_db
def test_who_proposed_sees_what_is_missing_and_withdraws(
    prod: Environment, alice: User, otto: User, visit: Visit
) -> None:
    text = save(visit(alice), prod, Protection(lint=True), base=1).content.decode()
    assert address(prod, "protection-consent", 2) not in text
    assert address(prod, "protection-withdraw", 2) in text
    refused = visit(alice).post(address(prod, "protection-consent", 2), follow=True).content.decode()
    assert "You proposed it: another owner has to consent." in refused
    gone = visit(alice).post(address(prod, "protection-withdraw", 2), follow=True).content.decode()
    assert "You withdrew revision 2; nothing changed." in gone
    assert "withdrawn" in gone


@pytest.mark.django_db
def test_another_owner_declines(prod: Environment, alice: User, otto: User, visit: Visit) -> None:
    save(visit(alice), prod, Protection(lint=True), base=1)
    text = visit(otto).post(address(prod, "protection-decline", 2), follow=True).content.decode()
    assert "You declined revision 2; nothing changed." in text
    assert "otto declined" in visit(alice).get(address(prod, "protection-revision", 2)).content.decode()


@pytest.mark.django_db
def test_a_single_owner_is_told_to_make_another(prod: Environment, alice: User, visit: Visit) -> None:
    members = reverse("members", args=[prod.project.slug])
    assert f'<a href="{members}">make somebody else an owner</a>' in visit(alice).get(address(prod)).content.decode()
    data = {"as": "json", "do": "review", "base": "1", "text": "{}"}
    review = visit(alice).post(address(prod, "protection-edit"), data).content.decode()
    assert "It waits until another owner consents, and there is none" in review
    assert f'<a href="{members}">' in save(visit(alice), prod, Protection(lint=True), base=1).content.decode()


@pytest.mark.django_db
def test_edited_by_two_nothing_is_lost(prod: Environment, alice: User, otto: User, visit: Visit) -> None:
    save(visit(otto), prod, Protection(lint=True), base=1)
    answer = save(visit(alice), prod, Protection(preflight=True), base=1)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "otto changed this while you were editing; revision 2 is the newest." in text
    assert "&quot;preflight&quot;: true" in text
    assert inputs(text)["base"] == ["2"]
    assert ProtectionRevision.objects.filter(environment=prod).count() == 2
    opened = visit(alice).get(address(prod, "protection-edit")).content.decode()
    assert "goes on from revision 2 of otto" in opened
    assert inputs(opened)["lint"] == ["on"]


@pytest.mark.django_db
def test_saving_the_same_changes_nothing(prod: Environment, alice: User, visit: Visit) -> None:
    text = save(visit(alice), prod, protecting.in_force(prod).protection, base=1).content.decode()
    assert "Nothing changed: that is in force, or waits, already." in text


@pytest.mark.django_db
def test_revisions_are_read_compared_and_taken_along(prod: Environment, vera: User, visit: Visit) -> None:
    protect(prod, approvals=2)
    protect(prod, approvals=2, lint=True)
    browser = visit(vera)
    assert "from <a" in browser.get(address(prod, "protection-revision", 2)).content.decode()
    assert "from nothing" in browser.get(address(prod, "protection-revision", 1)).content.decode()
    compared = browser.get(address(prod, "protection-compare"), {"from": "1", "to": "3"}).content.decode()
    assert "<del>1 by whoever may approve</del>" in compared
    assert "Protections side by side" in compared
    newest = browser.get(address(prod, "protection-compare")).content.decode()
    assert "<b>Lint</b> <del>is not asked for</del> → <ins>has to pass</ins>" in newest
    assert (
        "Both ask for the same."
        in browser.get(address(prod, "protection-compare"), {"from": "2", "to": "2"}).content.decode()
    )
    taken = browser.get(address(prod, "protection-file", 2))
    assert read(taken.json()) == read(json.loads(prod.protections.get(number=2).text))
    assert taken["Content-Disposition"] == 'attachment; filename="support-desk-prod-protection-2.json"'
    for query in ({"from": "9"}, {"to": "x"}, {"from": "\u0663"}):
        assert browser.get(address(prod, "protection-compare"), query).status_code == 404
    assert browser.get(address(prod, "protection-revision", 9)).status_code == 404


@pytest.mark.django_db
def test_revisions_come_by_the_page(prod: Environment, vera: User, visit: Visit) -> None:
    for number in range(24):
        protect(prod, minimum_wait_minutes=number + 1)
    first = visit(vera).get(address(prod))
    assert [row.number for row in first.context["revisions"]] == list(range(25, 5, -1))
    assert "?before=6" in first.content.decode()
    rest = visit(vera).get(address(prod), {"before": "6"}, headers={"HX-Request": "true"})
    assert [row.number for row in rest.context["revisions"]] == [5, 4, 3, 2, 1]
    assert "<html" not in rest.content.decode()


@pytest.mark.django_db
def test_hostile_text_is_inert(prod: Environment, alice: User, otto: User, visit: Visit) -> None:
    evil = "<script>alert(1)</script>"
    asked = Protection(approvals=(Requirement(1, people=(evil,)),), branches=(evil,), promoted_from=(evil,))
    save(visit(alice), prod, asked, evil, base=1)
    for name, more in (("protection", ()), ("protection-edit", ()), ("protection-revision", (2,))):
        text = visit(otto).get(address(prod, name, *more)).content.decode()
        assert "alert(1)" in text
        assert evil not in text
    assert evil not in visit(otto).get(reverse("inbox")).content.decode()
