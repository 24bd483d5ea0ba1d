"""The compliance report: what it counts, in whose days, from what, and that no cell of it is a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from deployments.models import Deployment, Status
from history import store
from history.compliance.figures import Figures
from history.compliance.period import Period, asked
from history.compliance.report import LISTED, report_of
from history.compliance.runs import Run, runs
from history.models import Record
from history.recording import record
from history.reviews import Said
from projects.audit.deeds import Deed
from projects.audit.models import AuditEntry
from projects.audit.writing import write
from projects.models import Environment, Project, User
from tests.conftest import protect
from tests.history.conftest import make_documents
from tests.web.conftest import Visit
from tests.web.test_reports import words

pytestmark = pytest.mark.django_db
NOVEMBER = Period(date(2025, 11, 1), date(2025, 11, 30))
Keep = Callable[..., Record]


@pytest.fixture
def keep(project: Project, dev: Environment) -> Keep:
    """Records a run of November 2025, on the day of its number."""
    return lambda number, **metadata: record(make_documents(number, **metadata))


def moved(deployment_id: str, deed: Deed, actor: User, environment: Environment, days: int = 0, **detail: Any) -> None:
    """An entry of the audit log, as if it had been written then."""
    entry = write(
        deed, actor=actor, environment=environment, target_type="deployment", target=deployment_id, detail=detail
    )
    when = datetime.fromisoformat(deployment_id[:10]).replace(tzinfo=UTC) + timedelta(days=days)
    AuditEntry.objects.filter(pk=entry.pk).update(time=when)


def found(project: Project, period: Period = NOVEMBER) -> list[Run]:
    return list(runs(project, period, store.store()))


def test_a_run_says_who_stood_for_it(keep: Keep, project: Project, dev: Environment, alice: User, bob: User) -> None:
    good = keep(2, deployed_by="bob", approved_by=("ada",))
    own = keep(3, deployed_by="bob", approved_by=("ada", "alice"))
    moved(own.deployment_id, Deed.PLAN_PROPOSED, alice, dev)
    broken = keep(4, deployed_by="bob")
    moved(broken.deployment_id, Deed.GLASS_BROKEN, bob, dev)
    looked_at = keep(5, deployed_by="bob", approved_by=("ada",))
    for deed, actor in ((Deed.GLASS_BROKEN, bob), (Deed.FREEZE_OVERRIDDEN, alice), (Deed.EMERGENCY_REVIEWED, alice)):
        moved(looked_at.deployment_id, deed, actor, dev, days=40 if deed is Deed.EMERGENCY_REVIEWED else 0)
    plain = keep(6, deployed_by="bob")
    told = {run.row.pk: run for run in found(project)}
    assert (told[good.pk].own, told[good.pk].passes, told[good.pk].allowed) == (False, (), "")
    assert told[own.pk].own and told[own.pk].proposed_by == "alice"
    assert told[broken.pk].unreviewed and told[broken.pk].allowed == "an emergency"
    assert told[looked_at.pk].passes == (Said.EMERGENCY, Said.FREEZE)
    assert (told[looked_at.pk].unreviewed, told[looked_at.pk].reviewed_by) == (False, "alice")
    assert told[plain.pk].allowed == "nothing was protected"


def test_why_nobody_had_to_approve_is_what_was_in_force_then(keep: Keep, project: Project, dev: Environment) -> None:
    keep(2)
    protect(dev, 0, lint=True)
    protect(dev, 1)
    first, second = dev.protections.order_by("number")
    for row, day in ((first, 3), (second, 5)):
        type(row).objects.filter(pk=row.pk).update(in_force_at=datetime(2025, 11, day, tzinfo=UTC))
    keep(4)
    keep(6)
    assert [run.allowed for run in found(project)] == [
        "nothing was protected", "protection 1 asked for none", "protection 2 asked, and its record has none",
    ]  # fmt: skip
    Record.objects.update(environment=None)
    assert {run.allowed for run in found(project)} == {"not known, as the environment is gone"}


def test_of_imported_records_the_record_is_asked(keep: Keep, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"actor": {"id": 1, "name": "ada"}, "planDigest": "", "time": "2025-11-01T00:00:00.000Z", "approved": True}
    for number in (1, 2, 3):
        documents = make_documents(number)
        emergency = [{**said, "emergency": True}] if number == 1 else [said]
        record(type(documents)(**{**{f: getattr(documents, f) for f in documents.__slots__}, "approvals": emergency}))
    monkeypatch.setattr("history.compliance.runs.taken_over", lambda *_: 2)
    told = found(project)
    assert [run.passes for run in told] == [(Said.EMERGENCY,), (), ()]
    assert [run.approved_by for run in told] == [(), ("ada",), ()], "the third is ours, and its index has nobody"
    assert [run.known for run in runs(project, NOVEMBER, store.store(), most_reads=1)] == [True, False, True]


def test_days_begin_at_midnight_of_the_zone_and_at_the_chosen_places(
    keep: Keep, project: Project, prod: Environment
) -> None:
    keep(10, ended_at="2025-11-10T23:30:00.000Z")
    keep(11, ended_at="2025-11-11T00:30:00.000Z", environment="prod")
    assert len(found(project, Period(date(2025, 11, 10), date(2025, 11, 10)))) == 1
    vienna = Period(date(2025, 11, 11), date(2025, 11, 11), "Europe/Vienna")
    assert len(found(project, vienna)) == 2, "half past eleven in London is half past midnight there"
    assert [
        run.row.environment_name for run in found(project, Period(vienna.since, vienna.until, "UTC", ("prod",)))
    ] == ["prod"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, Period(date(2025, 10, 23), date(2025, 11, 21))),
        ({"zone": "Pacific/Auckland"}, Period(date(2025, 10, 24), date(2025, 11, 22), "Pacific/Auckland")),
        ({"zone": "../etc/passwd", "since": "x"}, Period(date(2025, 10, 23), date(2025, 11, 21))),
        ({"since": "2025-12-01", "until": "2025-11-01"}, Period(date(2025, 11, 1), date(2025, 11, 1))),
        ({"since": "0001-01-01", "until": "2025-01-01"}, Period(date(2014, 12, 26), date(2025, 1, 1))),
        ({"since": "9999-12-31", "until": "9999-12-31"}, Period(date(9000, 1, 1), date(9000, 1, 1))),
    ],
)
def test_a_form_may_say_anything(said: dict[str, str], expected: Period) -> None:
    period = asked(said, (), datetime(2025, 11, 21, 13, tzinfo=UTC))
    assert period == expected
    assert period.start < period.end


def run(day: int, status: str = "succeeded", kind: str = "deploy", number: int = 1, place: str = "dev") -> Run:
    ended = datetime(2025, 11, day, tzinfo=UTC)
    row = Record(
        environment_name=place, status=status, kind=kind, ended_at=ended, configuration_number=number, deployed_by="bob"
    )
    return Run(row, "bob", (), (), "")


def test_the_figures_are_those_of_their_definitions() -> None:
    saved = {1: datetime(2025, 10, 31, tzinfo=UTC), 2: datetime(2025, 11, 1, tzinfo=UTC)}
    figures = Figures(saved_at=saved, days=10)
    for each in (
        run(1), run(2), run(3, "failed", number=2), run(3, "failed", number=2, place="prod"), run(4, number=2),
        run(5, number=2), run(6, kind="rollback"), run(7, kind="rollback"), run(8, "cancelled"),
    ):  # fmt: skip
        figures.add(each)
    # Deploys: 7, of which two failed and one was taken back; revisions took 1 and 3 days; dev was broken for a day.
    assert figures.told == {
        "Deployment frequency": "0.40 a day",
        "Lead time": "2 d",
        "Change failure rate": "42.9 %",
        "Time to restore": "1 d",
    }
    empty = Figures(saved_at={}, days=1).told
    assert empty["Change failure rate"] == "no deployments" and empty["Lead time"] == "not known"


def test_lists_are_bounded_and_counted(keep: Keep, project: Project, alice: User, dev: Environment) -> None:
    keep(2, status="failed")
    row = Record.objects.get()
    copies = []
    for number in range(2, LISTED + 21):
        copy = Record.objects.get(pk=row.pk)
        copy.pk, copy.sequence, copy.deployment_id = None, number, f"{row.deployment_id}-{number}"
        copies.append(copy)
    Record.objects.bulk_create(copies)
    for number in range(LISTED + 5):
        write(Deed.ROLE_CHANGED, actor=alice, project=project, target=number)
    report = report_of(project, NOVEMBER, store.store())
    assert (len(report.failed.rows), report.failed.count, report.failed.more) == (LISTED, LISTED + 20, 20)
    today = timezone.now().date()
    lately = report_of(project, Period(today - timedelta(days=1), today), store.store())
    assert (len(lately.rights.rows), lately.rights.more) == (LISTED, 5)
    assert lately.figures.runs == 0


EVIL = "=HYPERLINK(1)"


def test_page_paper_and_table_tell_the_same(
    keep: Keep, project: Project, dev: Environment, vera: User, alice: User, mallory: User, visit: Visit
) -> None:
    keep(2, status="failed", deployed_by=EVIL, what_changed="@SUM(1)\r\n-2")
    broken = keep(3, deployed_by="Bob <b>")
    moved(broken.deployment_id, Deed.GLASS_BROKEN, alice, dev)
    write(Deed.PROTECTION_CHANGED, actor=alice, environment=dev, target=3, detail={"changes": ["approvals: 1 -> 2"]})
    today = f"{timezone.now():%Y-%m-%d}"
    query = {"since": "2025-11-01", "until": today, "zone": "Europe/Vienna", "environment": ["dev", "absent"]}
    browser = visit(vera)

    def at(name: str) -> Any:
        return browser.get(reverse(name, args=["support-desk"]), query)

    html = at("compliance").content.decode()
    for expected in (
        "Emergencies that nobody has reviewed", "an emergency", "approvals: 1 -&gt; 2", "Change failure rate", "50.0 %",
        "Bob &lt;b&gt;", "zone=Europe%2FVienna", "environment=dev",
    ):  # fmt: skip
        assert expected in html, expected
    assert "Bob <b>" not in html and "absent" not in html
    fragment = browser.get(reverse("compliance", args=["support-desk"]), query, headers={"HX-Request": "true"})
    assert fragment.content.decode().lstrip().startswith('<div id="report"')
    assert (
        "Nothing was deployed in these days"
        in browser.get(reverse("compliance", args=["support-desk"])).content.decode()
    )

    assert "2 of 2 records of these days read again" in at("compliance-verification").content.decode()
    pdf = at("compliance-paper")
    told = words(pdf.content)
    for expected in ("Compliance report", "Bob <b>", EVIL, "dev: 2 of 2 records read, nothing is wrong", "50.0 %"):
        assert expected in told, expected

    table = at("compliance-runs")
    data = b"".join(table.streaming_content)
    assert data.startswith("\ufeff".encode()) and table["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert [row["deployedBy"] for row in rows] == [f"'{EVIL}", "Bob <b>"]
    assert rows[0]["changed"].startswith("'@SUM")
    assert rows[1]["exceptions"] == Said.EMERGENCY and rows[1]["withoutApprovalBecause"] == "an emergency"
    assert rows[0]["ended"].endswith("+01:00")
    exports = AuditEntry.objects.filter(deed=Deed.EXPORT_READ, actor_id=vera.pk).values_list("target", flat=True)
    assert set(exports) == {f"support-desk-2025-11-01-{today}.pdf", f"support-desk-2025-11-01-{today}.csv"}
    assert visit(mallory).get(reverse("compliance", args=["support-desk"])).status_code == 404


def test_a_damaged_record_of_the_period_is_named(keep: Keep, project: Project, vera: User, visit: Visit) -> None:
    keep(2)
    keep(3)
    name = next(name for name in store._memory().objects if name.endswith("plan.json"))
    store._memory().objects[name] += b" "
    query = {"since": "2025-11-01", "until": "2025-11-30"}
    page = visit(vera).get(reverse("compliance-verification", args=["support-desk"]), query).content.decode()
    assert "edited: support-desk/dev/deployments" in page
    later = {"since": "2025-11-03", "until": "2025-11-30"}
    page = visit(vera).get(reverse("compliance-verification", args=["support-desk"]), later).content.decode()
    assert "1 of 1 records" in page, "what was before the period is not its matter"


def test_rows_of_a_run_that_is_gone_are_not_needed(
    recorded: Deployment, project: Project, vera: User, visit: Visit
) -> None:
    assert recorded.status == Status.SUCCEEDED
    zone = ZoneInfo("UTC")
    day = Record.objects.get().ended_at.astimezone(zone).date()
    Deployment.objects.all().delete()
    [only] = found(project, Period(day, day))
    assert only.row.deployed_by == "bob"
