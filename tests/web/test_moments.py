"""Time travel: an environment at any moment, by time and by record, with its rules and members; graphs of plans."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from deployments.holding.models import Hold
from deployments.models import Deployment, EnvironmentState, StateEntry, Status, Step
from deployments.moments import finding
from deployments.moments.standing import MOST_ENTRIES, standings_at
from deployments.recording import record_run
from history import store
from history.models import Record
from projects import protecting
from projects.audit.deeds import Deed
from projects.audit.models import AuditEntry, AuditHead
from projects.audit.writing import write
from projects.models import Configuration, Environment, Membership, Project, User
from projects.people.models import EnvironmentRole
from projects.protection.model import Freeze, Once, Protection
from tests.web.conftest import START, Visit, empty_state, tell

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def at(environment: Environment) -> str:
    """The page's address."""
    return reverse("environment-at", args=[environment.project.slug, environment.name])


@pytest.fixture
def look(dev: Environment, vera: User, visit: Visit) -> Callable[..., str]:
    """The page of dev as Vera sees it."""

    def page(target: str = "", **query: str) -> str:
        headers = HTMX | {"HX-Target": target} if target else {}
        answer = visit(vera).get(at(dev), query, headers=headers)
        assert answer.status_code == 200, answer.status_code
        return str(answer.content.decode())

    return page


def entry(environment: Environment, name: str, **properties: Any) -> StateEntry:
    """A recorded queue."""
    return StateEntry.objects.create(
        environment=environment,
        logical_id=name,
        stack="shared-infrastructure",
        type="AWS::SQS::Queue",
        physical_id=f"queue-{name.lower()}",
        body={
            "type": "AWS::SQS::Queue",
            "physicalId": f"queue-{name.lower()}",
            "properties": properties,
            "attributes": {},
            "dependencies": [],
        },
    )


def run(propose: Callable[..., Deployment], environment: Environment, hours: int, **fields: Any) -> Deployment:
    """A recorded run of a minute that started so many hours after START: what is in the state now is what it left."""
    begun = START + timedelta(hours=hours)
    wanted = {"status": Status.SUCCEEDED, "ended_at": begun + timedelta(minutes=1)} | fields
    deployment = propose(environment, wanted.pop("status"), started_at=begun, public_id=f"2026-11-20T{hours}", **wanted)
    tell(deployment, "run.started", steps=2, worker="w")
    for second, name in ((10, "Jobs"), (30, "Mails")):
        happened(deployment, begun + timedelta(seconds=second), "step.started", name)
        happened(deployment, begun + timedelta(seconds=second + 5), "step.succeeded", name, seconds=5.0)
    deployment.events.filter(number=1).update(time=begun.isoformat())
    if deployment.status == Status.SUCCEEDED:
        record_run(Deployment.objects.get(pk=deployment.pk))
    return deployment


def happened(deployment: Deployment, time: datetime, code: str, name: str, **data: Any) -> None:
    """One event of a creation at that time."""
    told = {"action": "create", "operation": "create", "type": "AWS::SQS::Queue", "physicalId": None} | data
    event = tell(deployment, code, f"create:{name}", name, **told)
    deployment.events.filter(pk=event.pk).update(time=time.isoformat().replace("+00:00", "Z"))


@pytest.fixture
def past(propose: Callable[..., Deployment], dev: Environment) -> list[Deployment]:
    """Two queues were deployed at 11:30, and everything was destroyed at 13:30."""
    EnvironmentState.objects.create(environment=dev, serial=1)
    entry(dev, "Jobs", VisibilityTimeout=30)
    entry(dev, "Mails")
    first = run(propose, dev, 1)
    before = Record.objects.get().prefix
    StateEntry.objects.all().delete()
    destroyed = propose(
        dev,
        Status.SUCCEEDED,
        kind="destroy",
        public_id="2026-11-20T3",
        started_at=START + timedelta(hours=3),
        ended_at=START + timedelta(hours=3, minutes=1),
    )
    record_run(Deployment.objects.get(pk=destroyed.pk))
    assert before
    return [first, destroyed]


def test_before_the_first_record_nothing_was_there(past: list[Deployment], look: Callable[..., str]) -> None:
    page = look(time="2026-11-20T11:00Z")
    assert "Nothing was there yet" in page
    assert f"?record={past[0].public_id}" in page


def test_an_environment_that_never_had_a_deployment_says_so(look: Callable[..., str]) -> None:
    assert "Nothing was ever deployed" in look()


def test_after_a_run_there_is_what_it_left(past: list[Deployment], look: Callable[..., str]) -> None:
    page = look(time="2026-11-20T12:00Z")
    assert 'id="node-Jobs"' in page and 'id="node-Mails"' in page
    assert "queue-jobs" in page
    assert "revision 1" in page
    assert "strands.yaml" in page and "customer-support" in page  # the configuration, as deployed and effective
    assert "Configuration for dev, with every default" in page
    assert "marked" not in page
    assert f"?from=record:{past[0].public_id}&amp;to=environment:dev" in page


def test_in_the_middle_of_a_run_there_is_what_it_had_made_by_then(
    past: list[Deployment], look: Callable[..., str]
) -> None:
    page = look(time="2026-11-20T11:30:20Z")
    assert "1 of 2 steps had ended" in page
    assert 'id="node-Jobs"' in page and 'id="node-Mails"' not in page
    assert "0 of 2 steps had ended" in look(time="2026-11-20T11:30:12Z")


def test_after_a_destroy_it_is_empty(past: list[Deployment], look: Callable[..., str]) -> None:
    page = look()
    assert "Everything had been destroyed." in page
    assert 'class="graph-node"' not in page


def test_a_record_marks_what_it_changed(past: list[Deployment], look: Callable[..., str]) -> None:
    page = look(record=past[0].public_id)
    assert 'data-node="Jobs" data-status="create"' in page
    assert "what it changed is marked" in page
    gone = look(number="2")
    assert 'data-node="Jobs"' not in gone and "Everything had been destroyed." in gone
    assert look(number="1").count('data-status="create"') == page.count('data-status="create"')


def test_a_record_that_is_not_there_is_not_found(
    past: list[Deployment], dev: Environment, vera: User, visit: Visit
) -> None:
    for query in ({"record": "nothing"}, {"number": "99"}, {"number": "x"}):
        assert visit(vera).get(at(dev), query).status_code == 404


def test_what_is_no_time_is_said_to_be_none(past: list[Deployment], look: Callable[..., str]) -> None:
    assert "“tomorrow &lt;” is no moment" in look(time="tomorrow <")
    assert "Everything had been destroyed." in look(time="2999-01-01T00:00Z")


def test_fragments_take_the_place_of_what_asked(past: list[Deployment], look: Callable[..., str]) -> None:
    query = {"record": past[0].public_id}
    whole = look("moment", **query)
    assert "<html" not in whole and 'id="moment"' in whole
    resources = look("resources", **query)
    assert resources.strip().startswith('<section class="card" id="resources"') and "Members then" not in resources
    one = look("properties-Jobs", resource="Jobs", **query)
    assert one.strip().startswith('<div id="properties-Jobs"') and "VisibilityTimeout" in one
    assert "VisibilityTimeout" in look(resource="Jobs", **query)
    assert "VisibilityTimeout" not in look(**query)


def test_a_resource_that_was_not_there_has_no_properties(
    past: list[Deployment], dev: Environment, vera: User, visit: Visit
) -> None:
    headers = HTMX | {"HX-Target": "properties-None"}
    assert visit(vera).get(at(dev), {"resource": "None", "number": "1"}, headers=headers).status_code == 404


def test_a_configuration_that_cannot_be_read_is_shown_as_it_is(
    configuration: Configuration,
    past: list[Deployment],
    propose: Callable[..., Deployment],
    dev: Environment,
    look: Callable[..., str],
) -> None:
    for text in ("project: [", configuration.text.replace("  dev:", "  other:")):
        Configuration.objects.update(text=text)
        deployment = run(propose, dev, 7, status=Status.RUNNING, ended_at=None)
        assert "with every default" not in look()
        deployment.delete()


def test_those_who_could_do_most_are_shown_first(
    dev: Environment, vera: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = standings_at(dev, timezone.now())
    assert found.shown[0].role == "owner"
    monkeypatch.setattr("deployments.moments.standing.MOST_SHOWN", 1)
    assert len(found.shown) == 1
    assert found.more == len(found.members) - 1


def test_records_and_the_timeline_lead_there(
    past: list[Deployment], vera: User, visit: Visit, dev: Environment
) -> None:
    page = visit(vera).get(reverse("record", args=[dev.project.slug, past[0].public_id])).content.decode()
    assert f"{at(dev)}?record={past[0].public_id}" in page
    timeline = (
        visit(vera).get(reverse("timeline", args=[dev.project.slug]), {"at": "2026-11-20T11:30"}).content.decode()
    )
    assert f"{at(dev)}?record={past[0].public_id}" in timeline
    assert f"{at(dev)}?time=2026-11-20T11:30:00Z" in timeline


def test_a_run_without_a_record_yet_is_read_from_the_rows(
    past: list[Deployment], propose: Callable[..., Deployment], dev: Environment, look: Callable[..., str]
) -> None:
    deployment = run(propose, dev, 5, status=Status.RUNNING, ended_at=None)
    deployment.plan.state_before = empty_state(dev)
    deployment.plan.save()
    entry(dev, "Jobs")
    page = look(time="2026-11-20T15:30:20Z")
    assert "1 of 2 steps had ended" in page
    assert 'id="node-Jobs"' in page
    assert reverse("deployment", args=[dev.project.slug, deployment.public_id]) in page
    assert "Everything had been destroyed." in look(time="2026-11-20T15:00Z")


def test_a_damaged_record_is_said_to_be_so(past: list[Deployment], dev: Environment, vera: User, visit: Visit) -> None:
    memory = store.store()
    assert isinstance(memory, store.InMemoryStore)
    memory.objects[Record.objects.get(sequence=1).prefix + "state-after.json"] = b"{}"
    assert visit(vera).get(at(dev), {"record": past[0].public_id}).status_code == 503


def test_what_has_expired_says_so_and_where_the_next_is(past: list[Deployment], look: Callable[..., str]) -> None:
    Record.objects.filter(sequence=1).update(expired_at=timezone.now())
    page = look(time="2026-11-20T12:00Z")
    assert "has expired" in page and f"?record={past[1].public_id}" in page
    assert "The nearest after" in page and "The nearest before" not in page
    Record.objects.filter(sequence=2).update(expired_at=timezone.now())
    Record.objects.filter(sequence=1).update(expired_at=None)
    assert "The nearest before" in look()


def test_costs_are_the_plan_s_where_it_can_be_read(
    past: list[Deployment], propose: Callable[..., Deployment], dev: Environment, look: Callable[..., str]
) -> None:
    assert "$1.50 a month" in look(record=past[0].public_id)
    Record.objects.filter(sequence=1).update(status="failed")
    assert "not known" in look(record=past[0].public_id)  # of what is in the state, the plan knows no cost
    deployment = run(propose, dev, 7, status=Status.RUNNING, ended_at=None)
    deployment.plan.text = '{"format": "9"}'
    deployment.plan.save()
    assert "not known" in look()


def test_finding_a_moment_takes_as_many_statements_among_many_records(
    past: list[Deployment], dev: Environment, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(3):
        assert finding.find(dev, START + timedelta(hours=2)).record is not None
    with django_assert_num_queries(4):
        assert finding.find(dev, START + timedelta(hours=9)).record is not None


def test_the_record_of_a_moment_is_found_by_the_index(dev: Environment) -> None:
    record = Record.objects.of_environment(dev).filter(started_at__lte=START)
    assert "USING INDEX record_of_environment" in record[:1].explain() or "Index Scan" in record[:1].explain()


def test_rules_of_the_moment_are_shown(
    past: list[Deployment], project: Project, dev: Environment, alice: User, look: Callable[..., str]
) -> None:
    start = START.replace(tzinfo=None)
    freeze = Freeze(name="Black Friday", zone="UTC", when=Once(start, start + timedelta(hours=2)))
    row = protecting.put_in_force(environment=dev, protection=Protection(freezes=(freeze,)), author=alice)
    type(row).objects.update(in_force_at=START)
    Hold.objects.create(
        project=project, environment=dev, reason="It lost mails", placed_by_text="Alice", placed_at=START,
        lifted_at=START + timedelta(hours=2),
    )  # fmt: skip
    then = look(time="2026-11-20T12:00Z")
    assert "Black Friday" in then and "It lost mails" in then
    assert reverse("protection-revision", args=[project.slug, "dev", row.number]) in then
    later = look(time="2026-11-20T13:00Z")
    assert "Black Friday" not in later and "It lost mails" not in later


def test_what_was_marked_without_a_revision_is_protected_as_usual(dev: Environment, look: Callable[..., str]) -> None:
    assert "the usual" not in look()
    Environment.objects.filter(pk=dev.pk).update(protected=True)
    assert "the usual" in look()


def names(environment: Environment, moment: datetime) -> dict[str, str]:
    """Roles by name at that moment."""
    return {each.name: each.role for each in standings_at(environment, moment).members}


def test_roles_are_taken_back_to_what_they_were(
    project: Project, dev: Environment, prod: Environment, vera: User, bob: User, alice: User
) -> None:
    member = Membership.objects.get(user=vera)
    start = timezone.now()
    assert names(dev, start)[vera.text] == "viewer"

    def note(deed: Deed, **more: Any) -> datetime:
        told = {"project": project, "target_type": "member", "target": vera.text} | more
        return write(deed, actor=alice, **told).time

    EnvironmentRole.objects.create(membership=member, environment=dev, role="approver")
    note(Deed.ROLE_GIVEN, environment=dev, detail={"before": "", "after": "approver"})
    note(Deed.ROLE_GIVEN, environment=prod, detail={"before": "", "after": "owner"})
    given = timezone.now()
    member.role = "deployer"
    member.save()
    note(Deed.ROLE_CHANGED, detail={"before": "viewer", "after": "deployer"})
    EnvironmentRole.objects.all().delete()
    note(Deed.ROLE_TAKEN, environment=dev, detail={"before": "approver", "after": ""})
    taken = timezone.now()
    assert names(dev, taken)[vera.text] == "deployer"
    assert names(dev, given)[vera.text] == "approver"
    assert names(dev, start)[vera.text] == "viewer"

    member.delete()
    note(Deed.MEMBER_REMOVED, detail={"before": "deployer"})
    gone = timezone.now()
    assert vera.text not in names(dev, gone)
    assert names(dev, taken)[vera.text] == "deployer"
    note(Deed.MEMBER_REMOVED, target="Zed", detail={"group": "staff"})
    assert names(dev, gone)["Zed"] == ""  # what a group had given is not in the log

    write(Deed.MEMBER_ADDED, actor=bob, project=project, target_type="invitation", target="b@example.com")
    assert bob.text not in names(dev, gone)


def test_what_the_audit_log_no_longer_says_is_unknown(
    project: Project, dev: Environment, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = timezone.now()
    write(Deed.GROUP_JOINED, actor=alice, project=project, target_type="group", target="ops")
    assert standings_at(dev, before).but
    assert not standings_at(dev, timezone.now()).but
    write(Deed.MEMBER_ADDED, actor=alice, project=project, target_type="member", target="Zed")
    monkeypatch.setattr("deployments.moments.standing.MOST_ENTRIES", 0)
    assert "too often" in standings_at(dev, before).unknown
    monkeypatch.setattr("deployments.moments.standing.MOST_ENTRIES", MOST_ENTRIES)
    AuditHead.objects.update_or_create(chain=project.pk, defaults={"expired_number": 1})
    first = AuditEntry.objects.filter(chain=project.pk).order_by("id").first()
    assert first is not None
    assert "is kept from" in standings_at(dev, first.time - timedelta(seconds=1)).unknown
    assert not standings_at(dev, first.time).unknown


def test_a_plan_is_drawn_before_and_while_it_runs(
    propose: Callable[..., Deployment], running: Deployment, prod: Environment, vera: User, visit: Visit
) -> None:
    def graph(deployment: Deployment) -> str:
        address = reverse("deployment-graph", args=[prod.project.slug, deployment.public_id])
        return str(visit(vera).get(address).content.decode())

    planned = propose(prod, Status.READY)
    assert 'data-node="AlertsTopic" data-status="create"' in graph(planned)
    Step.objects.create(
        deployment=running, position=9, step_id="delete:TicketsTable", logical_id="TicketsTable",
        stack="shared-infrastructure", type="AWS::DynamoDB::Table", operation="delete", status="failed",
    )  # fmt: skip
    page = graph(running)
    assert 'data-node="AlertsTopic" data-status="running"' in page
    assert 'data-node="TicketsTable" data-status="failed"' in page
    planned.plan.text = "{}"
    planned.plan.save()
    assert "Nothing to draw" in graph(planned)
    planned.plan.delete()
    assert "Nothing to draw" in graph(planned)
