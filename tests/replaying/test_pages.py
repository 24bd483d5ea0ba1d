"""The pages of replays: where they stand, where they lead, what they answer, to whom, and from what."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from django.urls import reverse

from deployments.engine.events import Event
from deployments.models import Deployment
from deployments.replaying import playing, tape
from deployments.replaying.paces import paces
from deployments.replaying.playing import asked_number, asked_time, bars, frames, marks
from history import index, store
from history.models import Record
from projects.models import Environment, Project, User
from tests.replaying.conftest import began, kept, played
from tests.web.conftest import Visit

pytestmark = pytest.mark.django_db
FAILED, CANCELLED = "2025-11-19T10-30-00Z-aaaaaa", "2025-11-19T10-30-00Z-bbbbbb"


@pytest.fixture(autouse=True)
def forget() -> None:
    """What is known by digest survives a test; here stores are emptied."""
    tape._tapes.clear()


def recorded(environment: Environment, by: User, name: str, public_id: str, text: str = "") -> Record:
    """A kept run in the history; `text` in place of the words of its failure."""
    found = kept(name)
    run = began(environment, by, found.plan, "2025-11-19T10:30:00.000Z", public_id)
    run.tell([worded(event, text) for event in found.events] if text else found.events)
    return run.end()


def worded(event: Event, text: str) -> Event:
    if not event.data.get("error") or event.code != "step.failed":
        return event
    return replace(event, data={**event.data, "error": {**event.data["error"], "message": text}})


@pytest.fixture
def failed(dev: Environment, bob: User) -> Record:
    """29 events; the 14th is its failure."""
    return recorded(dev, bob, "failed", FAILED)


@pytest.fixture
def cancelled(prod: Environment, bob: User) -> Record:
    """33 events; taken up again at the 24th, cancelled at the 29th."""
    return recorded(prod, bob, "taken-up-and-cancelled", CANCELLED)


def at(record: Record, **query: Any) -> str:
    return reverse("replay", args=["support-desk", record.deployment_id], query=query)


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ({}, 0),
        ({"at": "7"}, 7),
        ({"at": "999"}, 29),
        ({"at": "-1"}, 0),
        ({"at": "x"}, 0),
        ({"time": "1507"}, 6),
        ({"time": "1506"}, 5),
        ({"time": "99999999"}, 29),
        ({"at": "7", "go": "next"}, 8),
        ({"at": "29", "go": "next"}, 29),
        ({"at": "7", "go": "previous"}, 6),
        ({"go": "previous"}, 0),
        ({"at": "7", "go": "failure"}, 14),
        ({"at": "14", "go": "failure"}, 14),
        ({"at": "29", "go": "failure-before"}, 14),
        ({"at": "29", "go": "failure"}, 14),
        ({"go": "failure-before"}, 14),
        ({"at": "14", "go": "failure-before"}, 14),
        ({"at": "7", "go": "start"}, 0),
        ({"go": "end"}, 29),
        ({"at": "7", "go": "away"}, 7),
    ],
)
def test_where_a_query_leads(failed: Record, query: dict[str, str], number: int) -> None:
    assert asked_number(played(failed), query) == number


@pytest.mark.parametrize(
    ("query", "time"),
    [
        ({}, None),
        ({"time": "x"}, None),
        ({"time": "1000"}, 1000),
        ({"time": "99999999"}, 7946),
        ({"time": "1507", "go": "next"}, 1644),
        ({"time": "99999999", "go": "next"}, 7946),
        ({"time": "1507", "go": "previous"}, 1370),
        ({"time": "0", "go": "previous"}, 0),
        ({"go": "failure"}, 3425),
        ({"time": "3425", "go": "failure"}, 3425),
        ({"time": "8000", "go": "failure-before"}, 3425),
        ({"go": "failure-before"}, 3425),
        ({"time": "8000", "go": "failure"}, 3425),
        ({"time": "9", "go": "start"}, 0),
        ({"go": "end"}, 7946),
        ({"time": "9", "go": "away"}, 9),
    ],
)
def test_where_a_query_leads_on_one_clock(
    failed: Record, cancelled: Record, query: dict[str, str], time: int | None
) -> None:
    tapes = [played(failed), played(cancelled)]
    found = asked_time(tapes, query)
    assert found == time, [list(each.at) for each in tapes]


def test_a_replay_shows_the_run_as_it_was(failed: Record, vera: User, visit: Visit) -> None:
    page = visit(vera).get(at(failed, at=13)).content.decode()
    assert "event 13 of 29" in page
    assert "Create of echo-1 is denied" not in page.partition('id="replay-runs"')[2]
    page = visit(vera).get(at(failed, at=13, go="failure")).content.decode()
    assert "Create of echo-1 is denied" in page.partition('id="replay-runs"')[2]
    assert 'data-address="/projects/support-desk/records/2025-11-19T10-30-00Z-aaaaaa/replay/?at=14"' in page
    fragment = visit(vera).get(at(failed, at=14), headers={"HX-Request": "true"}).content.decode()
    assert fragment.strip().startswith('<div class="replay-runs"')


def test_frames_are_bounded_and_follow_on_each_other(
    failed: Record, vera: User, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = reverse("replay-frames", args=["support-desk", FAILED])
    monkeypatch.setattr(playing, "FRAMES", 3)
    numbers = [each["number"] for each in visit(vera).get(url, {"after": 4}).json()["frames"]]
    assert numbers == [5, 6, 7]
    merged = visit(vera).get(url, {"after": 0, "merge": 600, "pre": "left-"}).json()["frames"]
    assert [each["number"] for each in merged] == sorted({each["number"] for each in merged})
    assert merged[0]["number"] > 1
    assert 'id="left-run-progress"' in merged[0]["html"]
    monkeypatch.setattr(playing, "EVENTS", 2)
    assert [each["number"] for each in visit(vera).get(url, {"after": 4}).json()["frames"]] == [5, 6]
    for nonsense in ({"after": "x", "merge": "y", "pre": '"><script>'}, {"after": "29"}):
        answer = visit(vera).get(url, nonsense)
        assert answer.status_code == 200
        assert "script" not in answer.content.decode()


def test_a_long_run_is_told_from_the_nearest_story(failed: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [played(failed).view(number) for number in range(30)]
    tape._tapes.clear()
    monkeypatch.setattr(tape, "STRIDE", 4)
    again = played(failed)
    assert [story.number for story in again.stories] == [0, 4, 8, 12, 16, 20, 24, 28]
    assert [again.view(number) for number in range(30)] == whole


def test_the_picture_counts_events_and_marks_moments(failed: Record, cancelled: Record) -> None:
    both = [played(failed), played(cancelled)]
    assert [(moment.number, moment.kind) for _, moment in marks(both)] == [
        (14, "failure"), (24, "resumed"), (29, "cancelling"),
    ]  # fmt: skip
    drawn = bars(both)
    assert max(bar.height for bar in drawn) == 20
    assert all(0 <= bar.x < 1000 and bar.y + bar.height == 20 for bar in drawn)


def test_it_works_from_the_store_alone(failed: Record, vera: User, visit: Visit) -> None:
    Deployment.objects.all().delete()
    Record.objects.all().delete()
    index.rebuild(store.store())
    for number in (0, 14, 29):
        assert f"event {number} of 29" in visit(vera).get(at(failed, at=number)).content.decode()


def test_hostile_words_stay_words(dev: Environment, bob: User, vera: User, visit: Visit) -> None:
    record = recorded(dev, bob, "failed", FAILED, text='</li><script>alert(1)</script>" onload="x')
    page = visit(vera).get(at(record, at=29)).content.decode()
    told = visit(vera).get(reverse("replay-frames", args=["support-desk", FAILED]), {"merge": 60000})
    for html in (page, *(each["html"] for each in told.json()["frames"])):
        assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in page


def test_two_runs_on_one_clock(failed: Record, cancelled: Record, vera: User, visit: Visit) -> None:
    url = reverse("replay-pair", args=["support-desk"])
    both = {"left": FAILED, "right": CANCELLED}
    page = visit(vera).get(url, both | {"time": 3500}).content.decode()
    assert 'id="left-run"' in page
    assert 'id="right-run"' in page
    ids = [part.partition('"')[0] for part in page.split(' id="')[1:]]
    assert len(ids) == len(set(ids)), "no id twice"
    assert "Where the time went" in page
    assert "Choose two runs" in visit(vera).get(url, {"left": FAILED}).content.decode()
    assert visit(vera).get(url, {"left": FAILED, "right": "2025-11-19T10-30-00Z-cccccc"}).status_code == 404
    Record.objects.all().delete()
    assert "Nothing was deployed yet" in visit(vera).get(url).content.decode()


def test_steps_that_differ_most_come_first(failed: Record, cancelled: Record) -> None:
    left, right = played(failed), played(cancelled)
    found, more = paces(left.story(29), right.story(33))
    differences = [abs(pace.difference) for pace in found if pace.difference is not None]
    assert differences == sorted(differences, reverse=True)
    assert [pace.difference for pace in found[len(differences) :]] == [None] * (len(found) - len(differences))
    assert {pace.step for pace in found} >= {"create:Foxtrot", "delete:Charlie"}
    assert more == 0
    assert paces(left.story(0), right.story(0)) == ([], 0)


def test_a_run_without_events_has_a_page(dev: Environment, bob: User, vera: User, visit: Visit) -> None:
    plan = kept("failed").plan
    record = began(dev, bob, plan, "2025-11-19T10:30:00.000Z", FAILED).end("failed")
    page = visit(vera).get(at(record)).content.decode()
    assert "event 0 of 0" in page
    assert frames(Project.objects.get(), played(record), pre="", after=0, merged=0) == []
    assert bars([played(record)]) == []


def test_events_that_this_version_does_not_know_are_passed_over(failed: Record) -> None:
    reader_lines = [json.dumps({"number": 30, "time": "2025-11-19T10:30:09.000Z", "code": "step.dreamt", "step": "x",
                                "logicalId": "X", "data": {}}).encode()]  # fmt: skip
    found = played(failed)
    longer = replace(found, lines=[*found.lines, *reader_lines])
    longer.at.append(9000)
    longer.spoken.append(30)
    view = longer.view(30)
    assert (view.number, view.progress.seconds) == (30, failed.duration_seconds)
    assert view.lines[-1].text == "step.dreamt {}"


@pytest.mark.parametrize("line", [b"{}", b"[]", b'{"code": "log"}', b"nonsense"])
def test_a_log_that_is_none_is_said_to_be(
    failed: Record, line: bytes, vera: User, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("history.reading.RecordReader.event_lines", lambda reader: [line])
    answer = visit(vera).get(at(failed))
    assert answer.status_code == 503
    assert "cannot be played" in answer.content.decode()


def test_a_plan_that_cannot_be_read_leaves_the_steps_that_were_heard_of(
    failed: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("history.reading.RecordReader.plan", lambda reader: {"format": "99"})
    view = played(failed).view(29)
    assert view.progress.total == 8
    assert view.progress.critical_path_seconds == 0, "nobody can say what waited for what"
