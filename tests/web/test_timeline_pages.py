"""The timeline with its lanes, what happened to a resource, and incidents."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deployments.errors import WorkflowError
from deployments.models import Deployment, Emergency, Status
from deployments.timelines import gathering, incidents
from deployments.timelines.incidents import Account
from deployments.timelines.models import Incident
from deployments.timelines.windows import Window, Zoom, around
from history.finding.entering import enter_again
from history.models import Record
from history.reading import open_record
from history.touched import Touched
from projects.audit.deeds import Deed
from projects.audit.models import AuditEntry
from projects.models import Environment, Project, ProtectionRevision, User
from projects.people.api_tokens import make_token
from projects.people.models import EnvironmentRole
from projects.protection.reading import read
from projects.roles import Action, Role
from tests.web.conftest import Visit

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
URL = "/projects/support-desk/history/"


TABLE = Touched(
    "shared-infrastructure", "TicketsTable", "AWS::DynamoDB::Table", "update", "failed", "tickets-2", "tickets-1",
    "BillingMode PROVISIONED → PAY_PER_REQUEST", "Throttled: slow down",
)  # fmt: skip


@pytest.fixture
def touched(recorded: Deployment) -> Record:
    """A record whose run touched a table, and failed at it."""
    row = Record.objects.get()
    enter_again(row, replace(open_record(row).metadata(), touched=(TABLE,)))
    return row


def content(client: Client, url: str, **query: str) -> str:
    answer = client.get(url, query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_run_is_a_bar_that_leads_to_its_record(recorded: Deployment, vera: User, visit: Visit) -> None:
    page = content(visit(vera), URL)
    record = reverse("record", args=["support-desk", recorded.public_id])
    assert f'class="bar" data-status="succeeded" href="{record}"' in page
    assert 'class="lane-name" href="/projects/support-desk/environments/dev/"' in page


def test_who_may_goes_back_from_the_list(recorded: Deployment, bob: User, vera: User, visit: Visit) -> None:
    url = reverse("timeline", args=["support-desk"])
    back = reverse("rollback", args=["support-desk", recorded.public_id])
    assert back in visit(bob).get(url).content.decode()
    assert back not in visit(vera).get(url).content.decode()
    Record.objects.update(status="failed")
    assert back not in visit(bob).get(url).content.decode()


def test_any_instant_has_a_link_that_marks_it(recorded: Deployment, vera: User, visit: Visit) -> None:
    started = Record.objects.get().started_at
    for zoom in ("", *Zoom):
        page = content(visit(vera), URL, at=started.isoformat(), zoom=zoom)
        assert "lanes-at" in page
        assert recorded.public_id in page
    before = content(visit(vera), URL, at=(started - timedelta(days=500)).isoformat())
    assert recorded.public_id not in before
    assert "Nothing before that" in before
    assert recorded.public_id in content(
        visit(vera), URL, at="nonsense", zoom="nonsense", since="x", until="9999-12-31"
    )


def test_moves_keep_the_filters(recorded: Deployment, vera: User, visit: Visit) -> None:
    page = content(visit(vera), URL, environment="dev", zoom="week")
    assert "?environment=dev&amp;from=" in page
    assert "lane-name" in page
    assert "/environments/prod/" not in page.split('class="lanes-picture"')[1].split("</svg>")[0]


def test_a_person_has_a_timeline(recorded: Deployment, vera: User, visit: Visit) -> None:
    by = Record.objects.get().deployed_by
    page = content(visit(vera), URL, who=by)
    assert recorded.public_id in page
    assert f"What <b>{by}</b> proposed, approved or deployed." in page
    assert "Nothing fits" in content(visit(vera), URL, who="Nobody")


def test_words_find_what_was_touched(touched: Record, vera: User, visit: Visit) -> None:
    found = f'href="{reverse("record", args=["support-desk", touched.deployment_id])}"><b>'
    for text in ("dynamodb tick", "tickets-2", "throttled slow", touched.deployment_id):
        assert found in content(visit(vera), URL, text=text)
    for text in ("dynamodb nowhere", "tick dynamodb"):
        assert found not in content(visit(vera), URL, text=text)


def test_what_happened_to_a_resource(touched: Record, prod: Environment, vera: User, visit: Visit) -> None:
    url = reverse("resource-history", args=["support-desk", "dev", "TicketsTable"])
    page = content(visit(vera), url)
    for text in (touched.deployment_id, "tickets-2", "tickets-1", TABLE.what, TABLE.error, touched.deployed_by):
        assert text in page
    assert "No run touched it" in content(visit(vera), reverse("resource-history", args=["support-desk", "prod", "X"]))
    assert url in content(visit(vera), reverse("record", args=["support-desk", touched.deployment_id]))


def test_names_cannot_break_out_of_the_picture(recorded: Deployment, vera: User, visit: Visit) -> None:
    Record.objects.update(what_changed="</title><script>x</script>", deployed_by='"><i>')
    page = content(visit(vera), URL)
    assert "<script>x" not in page
    assert '"><i>' not in page


def test_too_many_runs_are_said(
    recorded: Deployment, vera: User, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "MOST_RUNS", 0)
    assert "Only the newest" not in content(visit(vera), URL)
    assert "Nothing ran in this time" not in content(visit(vera), URL)


# What else a window shows


@pytest.fixture
def window() -> Window:
    return around(NOON, Zoom.WEEK)


def test_a_freeze_is_drawn_as_it_was_in_force_then(project: Project, prod: Environment, window: Window) -> None:
    def put(number: int, at: str, in_force: timedelta) -> None:
        weekly = {"days": [f"{NOON:%a}".lower()], "at": at, "minutes": 60}
        value = read({"freezes": [{"name": "evening", "zone": "UTC", "weekly": weekly}]})
        text = json.dumps(value.as_dict())
        ProtectionRevision.objects.create(
            environment=prod,
            number=number,
            text=text,
            digest=value.digest(),
            author_text="a",
            in_force_at=NOON + in_force,
        )

    put(51, "09:00", timedelta(days=-20))
    put(52, "11:30", timedelta(days=-10))
    put(53, "18:00", timedelta(minutes=10))
    spans = gathering.spans_of(project, window, [prod], [])
    assert [(span.kind, span.begin, span.end) for span in spans] == [
        ("freeze", NOON + timedelta(hours=6), NOON + timedelta(hours=7)),
        ("freeze", NOON - timedelta(minutes=30), NOON + timedelta(minutes=10)),
    ]


def test_emergencies_and_runs_under_way_are_there(recorded: Deployment, project: Project) -> None:
    Emergency.objects.create(
        deployment=recorded, actor_text="Ada", plan_digest="5" * 64, reason="Down", factor_at=timezone.now()
    )
    [moment] = gathering.emergencies_in(project, around(timezone.now(), Zoom.HOUR))
    assert (moment.key, moment.environment) == (recorded.public_id, "dev")
    now = timezone.now()
    Deployment.objects.filter(pk=recorded.pk).update(status=Status.RUNNING, ended_at=None)
    [run] = gathering.running(project, now)
    assert (run.status, run.recorded, run.end) == ("running", False, now)


# Incidents


def said(**more: Any) -> dict[str, Any]:
    return {"title": "Down", "environment": "dev", "begins_at": "2026-11-20T10:30", "version": "0"} | more


def test_an_incident_is_noted_corrected_and_over(dev: Environment, bob: User, vera: User, visit: Visit) -> None:
    url = reverse("incidents", args=["support-desk"])
    assert visit(bob).post(url, said(link="https://status.example.com/7")).status_code == 302
    row = Incident.objects.get()
    one = reverse("incident", args=["support-desk", row.pk])
    assert "still open" in content(visit(vera), one)
    assert "Correct it" not in content(visit(vera), one)
    assert visit(bob).post(one, said(title="Slow", version="1")).status_code == 302
    late = visit(bob).post(one, said(title="Slower", version="1"))
    assert (late.status_code, "Somebody else has changed" in late.content.decode()) == (422, True)
    assert visit(bob).post(reverse("incident-close", args=["support-desk", row.pk])).status_code == 302
    row.refresh_from_db()
    assert (row.title, row.ends_at is not None) == ("Slow", True)
    deeds = AuditEntry.objects.filter(target_type="incident").order_by("pk").values_list("deed", flat=True)
    assert list(deeds) == [Deed.INCIDENT_NOTED, Deed.INCIDENT_CHANGED, Deed.INCIDENT_CLOSED]
    incidents.close(incident=row, actor=bob, now=timezone.now())
    assert len(deeds) == 3
    assert "Slow" in content(visit(vera), URL, at="2026-11-20T10:30Z")


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"ends_at": "2026-11-20T10:29"},
        {"begins_at": "0900-11-20T10:29"},
        {"link": "javascript:alert(1)"},
        {"link": "ftp://example.com/x"},
        {"environment": "nowhere"},
    ],
)
def test_what_is_no_incident_is_said(dev: Environment, bob: User, visit: Visit, wrong: dict[str, str]) -> None:
    answer = visit(bob).post(reverse("incidents", args=["support-desk"]), said(**wrong))
    assert answer.status_code == 422
    assert "invalid-feedback" in answer.content.decode()
    assert not Incident.objects.exists()


def test_who_deploys_in_one_environment_notes_incidents_there_alone(
    dev: Environment, prod: Environment, vera: User, visit: Visit
) -> None:
    membership = dev.project.memberships.get(user=vera)
    url = reverse("incidents", args=["support-desk"])
    assert visit(vera).post(url, said()).status_code == 403
    EnvironmentRole.objects.create(membership=membership, environment=dev, role=Role.DEPLOYER)
    for other in ("prod", ""):
        assert visit(vera).post(url, said(environment=other)).status_code == 422
    assert visit(vera).post(url, said()).status_code == 302
    everywhere = Incident.objects.create(
        project=dev.project, title="All", begins_at=NOON, noted_at=NOON, noted_by_text="x"
    )
    assert visit(vera).post(reverse("incident-close", args=["support-desk", everywhere.pk])).status_code == 403


def test_the_api_notes_corrects_and_lists(dev: Environment, prod: Environment, bob: User) -> None:
    _, secret = make_token(
        user=bob, name="t", actions=[Action.RUN], days=1, made_by=bob, project=dev.project, environment="dev"
    )
    client = Client(headers={"Authorization": f"Bearer {secret}"})

    def call(method: str, name: str, *args: object, **body: object) -> Any:
        return client.generic(method, reverse(name, args=["support-desk", *args]), json.dumps(body))

    made = call("POST", "api-environment-incidents", "dev", title="Down", **{"from": "2026-11-20T10:30:00Z"})
    assert (made.status_code, made.json()["environment"], made.json()["to"]) == (201, "dev", None)
    number = made.json()["id"]
    over = call("PATCH", "api-incident", number, to="2026-11-20T11:30:00Z")
    assert over.json()["to"] == "2026-11-20T11:30:00+00:00"
    assert AuditEntry.objects.filter(deed=Deed.INCIDENT_CLOSED).exists()
    for wrong in ({"to": "soon"}, {"link": "javascript:x"}, {"title": "x" * 121}):
        assert call("PATCH", "api-incident", number, **wrong).status_code == 422
    assert call("PATCH", "api-incident", number, to="2026-11-20T10:00:00Z").status_code == 409
    assert call("POST", "api-environment-incidents", "dev").status_code == 422
    assert call("POST", "api-incidents", title="All").status_code == 409, "the token is for one environment"
    Incident.objects.create(
        project=dev.project, environment=prod, title="Other", begins_at=NOON, noted_at=NOON, noted_by_text="x"
    )
    assert [each["title"] for each in call("GET", "api-incidents").json()["incidents"]] == ["Down"]
    assert call("PATCH", "api-incident", "nonsense").status_code == 404


def test_an_account_does_not_end_before_it_begins(dev: Environment, bob: User) -> None:
    wrong = Account("x", NOON, NOON - timedelta(1), dev)
    with pytest.raises(WorkflowError):
        incidents.note(project=dev.project, actor=bob, said=wrong, now=NOON)
