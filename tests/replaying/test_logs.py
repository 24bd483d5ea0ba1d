"""Execution logs, resources and AWS calls of a run: from rows while it goes on, from its record alone afterwards."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from django.urls import reverse

from deployments.models import Deployment
from deployments.run_logs import calls as table
from deployments.run_logs.calls import calls_of, totals
from deployments.run_logs.runs import RowsLog
from history.logs import search
from history.logs.events import RecordLog
from history.logs.search import Filter, backward, forward
from history.models import Record
from history.reading import open_record
from projects.audit.deeds import Deed
from projects.audit.models import AuditEntry
from projects.models import Environment, User
from tests.replaying.conftest import Run, began, kept
from tests.web.conftest import Visit

pytestmark = pytest.mark.django_db
ID = "2025-11-19T10-30-00Z-aaaaaa"
HTMX = {"HX-Request": "true"}
FAILURE = "create failed: Create of echo-1 is denied"


@pytest.fixture
def run(dev: Environment, bob: User) -> Run:
    """The kept run that fails at its 14th of 29 events, still under way."""
    found = kept("failed")
    run = began(dev, bob, found.plan, "2025-11-19T10:30:00.000Z", ID)
    run.tell(found.events)
    return run


@pytest.fixture(params=["live", "recorded", "record alone"])
def anywhere(request: pytest.FixtureRequest, run: Run) -> str:
    """The same run wherever its events are."""
    where: str = request.param
    if where != "live":
        run.end()
    if where == "record alone":
        Deployment.objects.all().delete()
    return where


def address(view: str = "deployment-log", /, *more: str, **query: Any) -> str:
    return reverse(view, args=["support-desk", ID, *more], query=query)


@pytest.mark.parametrize(
    ("query", "there", "missing"),
    [
        ({}, [FAILURE, "The run starts", "fake:Describe 200"], []),
        ({"level": "error"}, [FAILURE, "The run failed"], ["The run starts"]),
        ({"level": ["error", "warning"]}, [FAILURE, "create skipped"], ["The run starts"]),
        ({"level": "nonsense"}, [FAILURE, "The run starts"], []),
        ({"resource": "Echo"}, [FAILURE], ["The run starts", "create skipped"]),
        ({"resource": ["Echo", "Foxtrot"]}, [FAILURE, "create skipped"], ["The run starts"]),
        ({"text": "DENIED"}, [FAILURE], ["The run starts"]),
        ({"text": "foxtrot", "level": "warning"}, ["create skipped"], [FAILURE]),
        ({"text": "no such words"}, ["No line fits among events 1 to 29"], [FAILURE]),
        ({"after": "20"}, ["The run failed"], [FAILURE]),
        ({"before": "10"}, ["The run starts"], [FAILURE]),
        ({"line": "14", "level": "call"}, ['log-asked" id="event-14"', "The run starts"], []),
        ({"after": "x", "before": "-1", "line": "9" * 30}, [FAILURE], []),
    ],
    ids=str,
)
def test_a_log_shows_what_is_asked_for(
    anywhere: str, vera: User, visit: Visit, query: dict[str, Any], there: list[str], missing: list[str]
) -> None:
    page = visit(vera).get(address(**query)).content.decode()
    lines = page.partition('id="log-lines"')[2]
    assert [words for words in there if words not in lines] == []
    assert [words for words in missing if words in lines] == []


def test_a_log_is_read_piece_by_piece_both_ways(
    anywhere: str, vera: User, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "LINES", 4)
    numbers = [each.partition('"')[0] for each in _get(visit, vera, after=8).split('id="event-')[1:]]
    assert numbers == ["9", "10", "11", "12"]
    assert "after=12" in _get(visit, vera, after=8)
    earlier = _get(visit, vera, {"HX-Target": "log-earlier"}, before=9)
    assert [each.partition('"')[0] for each in earlier.split('id="event-')[1:]] == ["5", "6", "7", "8"]
    assert "before=5" in earlier
    assert 'id="log-later"' not in earlier
    assert '<span id="log-first" hx-swap-oob="true">5</span>' in earlier
    assert "<form" not in earlier
    later = _get(visit, vera, {"HX-Target": "log-later"}, after=25)
    assert 'id="log-earlier"' not in later
    assert '<span id="log-last" hx-swap-oob="true">29 of 29</span>' in later
    assert ('id="log-later"' in later) is (anywhere == "live"), "of a run that goes on, more may come"


def _get(visit: Visit, user: User, headers: dict[str, str] | None = None, **query: Any) -> str:
    text: str = visit(user).get(address(**query), headers=HTMX | (headers or {})).content.decode()
    return text


def test_a_live_log_begins_at_its_end_and_follows(run: Run, vera: User, visit: Visit) -> None:
    page = visit(vera).get(address()).content.decode()
    assert 'id="log-follow"' in page
    quiet = _get(visit, vera, {"HX-Target": "log-later"}, after=29)
    assert "No line fits" not in quiet
    assert "after=29" in quiet


def test_a_search_looks_so_far_and_says_how_far(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    log = RecordLog(open_record(run.end()))
    monkeypatch.setattr(search, "LOOKED", 10)
    monkeypatch.setattr(search, "STRIDE", 3)
    wanted = Filter(text="denied")
    first = forward(log, wanted, 0)
    assert (first.lines, first.first, first.last, first.older, first.newer) == ((), 1, 10, False, True)
    second = forward(log, wanted, first.last)
    assert [line.number for line in second.lines] == [12, 14]
    back = backward(log, wanted, 30)
    assert (back.first, back.last, [line.number for line in back.lines]) == (20, 29, [])
    assert [line.number for line in backward(log, wanted, back.first).lines] == [12, 14]
    monkeypatch.setattr(search, "LINES", 1)
    last = backward(log, wanted, 20)
    assert ([line.number for line in last.lines], last.first) == ([14], 14)
    for beyond in (forward(log, wanted, 99), backward(log, Filter(), 1)):
        assert beyond.lines == ()


def test_rows_and_record_tell_the_same(run: Run) -> None:
    rows = RowsLog(run.deployment)
    live = (rows.last, set(rows.resources), rows.read(3, 7), list(rows.calls(5)))
    record = RecordLog(open_record(run.end()))
    assert (record.last, set(record.resources), record.read(3, 7), list(record.calls(5))) == live


def test_a_log_is_downloaded_whole_or_in_part(anywhere: str, vera: User, visit: Visit) -> None:
    browser = visit(vera)
    whole = browser.get(address("deployment-log-file", "jsonl"))
    lines = b"".join(whole.streaming_content)
    assert [json.loads(line)["number"] for line in lines.splitlines()] == list(range(1, 30))
    assert whole["Content-Disposition"] == f'attachment; filename="{ID}.jsonl"'
    part = browser.get(address("deployment-log-file", "txt", resource="Echo", level="error"))
    assert b"".join(part.streaming_content).decode() == f"2025-11-19T10:30:03.425Z ERROR   Echo: {FAILURE}\n"
    assert part["Content-Disposition"].endswith('-part.txt"')
    assert browser.get(address("deployment-log-file", "exe")).status_code == 404
    if anywhere != "live":
        record = Record.objects.get()
        assert lines == open_record(record).raw("execution-log.jsonl")
        read = AuditEntry.objects.filter(deed=Deed.RECORD_READ).values_list("target", "detail")
        assert set(map(str, read)) == {
            str((f"{ID}/log.jsonl", {})), str((f"{ID}/log.txt", {"query": "level=error&resource=Echo"})),
        }  # fmt: skip


def test_no_text_of_a_download_passes_for_a_line(dev: Environment, bob: User, vera: User, visit: Visit) -> None:
    run = began(dev, bob, kept("failed").plan, "2025-11-19T10:30:00.000Z", ID)
    event = kept("failed").events[0]
    forged = type(event)(1, event.time, event.code.LOG, "", "", {"level": "info", "message": "a\n2099 ERROR b\x1b[2J"})
    run.tell([forged])
    text = b"".join(visit(vera).get(address("deployment-log-file", "txt")).streaming_content).decode()
    assert text == "2025-11-19T10:30:00.411Z INFO    a\n    2099 ERROR b\n"


def test_every_resource_has_a_page(anywhere: str, vera: User, visit: Visit) -> None:
    page = visit(vera).get(address("deployment-resource")).content.decode()
    assert "?name=Echo" in page
    page = visit(vera).get(address("deployment-resource", name="Echo")).content.decode()
    assert "Create of echo-1 is denied" in page
    assert "fake:Create AccessDenied" in page
    assert "The run starts" not in page
    assert ("logs/Echo.log" in page) is (anywhere != "live")
    both = visit(vera).get(address("deployment-resource", name="Bravo")).content.decode()
    assert both.count('<h2 class="card-title"><svg') == 2, "a replacement is two steps"
    assert visit(vera).get(address("deployment-resource", name="Nobody")).status_code == 404


def test_calls_are_counted_filtered_and_sorted(
    anywhere: str, vera: User, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = visit(vera).get(address("deployment-calls")).content.decode()
    assert "12 calls" in page
    assert page.count("request-1<") == 12
    page = visit(vera).get(address("deployment-calls", errors="on", sort="duration"), headers=HTMX).content.decode()
    assert "<html" not in page
    assert "1 call," in page
    assert "AccessDenied" in page
    page = visit(vera).get(address("deployment-calls", service="sqs")).content.decode()
    assert "No call fits" in page
    monkeypatch.setattr(table, "ROWS", 5)
    page = visit(vera).get(address("deployment-calls", **{"from": "5"})).content.decode()
    assert page.count("request-1<") == 5
    assert "from=10" in page
    assert "from=0" in page


def test_calls_are_downloaded_as_csv(anywhere: str, vera: User, visit: Visit) -> None:
    answer = visit(vera).get(address("deployment-calls-file", resource="Echo"))
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert [row["operation"] for row in rows] == ["Create", "Describe"]
    assert rows[0]["error"] == "AccessDenied"


def call(seconds: float, error: str = "", attempts: int = 1, service: str = "sqs") -> dict[str, Any]:
    data = {"service": service, "operation": "CreateQueue", "seconds": seconds, "error": error, "attempts": attempts}
    return {"number": 1, "time": "2025-11-19T10:30:00.000Z", "logicalId": "=A1", "step": "x", "data": data}


def test_totals_name_percentiles_errors_throttles_and_retries() -> None:
    told = [call(second / 10) for second in range(1, 19)]
    told += [call(5, "ThrottlingException", 12), call(9, "AccessDenied", 2), call(0.5, service="iam")]
    first, second = totals(calls_of(told))
    assert (first.service, first.count, first.p50, first.p95) == ("sqs", 20, 1.0, 5.0)
    assert (first.errors, first.throttled, first.retries) == (2, 1, 12)
    assert (second.service, second.count, second.p50, second.p95) == ("iam", 1, 0.5, 0.5)
    assert "'=A1" in list(table.as_csv(calls_of([call(1)])))[1], "no cell is a formula"


def test_more_calls_than_are_looked_at_are_said(
    run: Run, vera: User, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "MOST", 3)
    assert "about its last 3" in visit(vera).get(address("deployment-calls")).content.decode()


def test_strangers_find_nothing(anywhere: str, mallory: User, visit: Visit) -> None:
    for name, more in (("deployment-log", ()), ("deployment-log-file", ("txt",)), ("deployment-resource", ())):
        assert visit(mallory).get(address(name, *more)).status_code == 404
    assert visit(mallory).get(address("deployment-calls")).status_code == 404
    other = reverse("deployment-log", args=["support-desk", "2025-11-19T10-30-00Z-cccccc"])
    assert visit(mallory).get(other).status_code == 404


def test_who_may_see_it_but_asks_for_none_finds_none(project: object, vera: User, visit: Visit) -> None:
    assert visit(vera).get(address()).status_code == 404
