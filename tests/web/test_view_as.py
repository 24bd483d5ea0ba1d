"""An owner sees the pages as a role would: never more than that role, never anything to change, an hour at most."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from django.urls import reverse

from deployments.models import Deployment, Status
from projects.access import access_to, environments_where
from projects.audit.models import AuditEntry
from projects.models import Environment, Membership, Project, User
from projects.people import presence, viewing
from projects.people.models import EnvironmentRole
from projects.roles import TABLE, Action, Role, ViewAs
from tests.web.conftest import Visit
from tests.web.ladder import RUNGS, Rung
from tests.web.test_live import knock

pytestmark = pytest.mark.django_db
LESSER = [Role.VIEWER, Role.DEPLOYER, Role.APPROVER]


def look_as(client: Client, role: Role, project: str = "support-desk") -> Any:
    return client.post(reverse("view-as", args=[project]), {"role": role.value})


@pytest.mark.parametrize("rung", RUNGS, ids=str)
def test_an_owner_reads_what_the_role_reads_and_changes_nothing(
    rung: Rung, address: Callable[[Rung], str], visit: Visit, alice: User
) -> None:
    url = address(rung)
    for role in LESSER if rung.method == "GET" else LESSER[-1:]:
        client = visit(alice)
        look_as(client, role)
        answer = client.generic(rung.method, url)
        if rung.method == "GET":
            assert answer.status_code in (rung.answers if rung.action in TABLE[role] else (403,)), role
        else:
            assert answer.status_code == 403
            assert f"You see support-desk as its {role.value} would" in answer.content.decode()


@pytest.mark.parametrize("own", list(Role))
def test_it_never_widens(own: Role, project: Project, dev: Environment, alice: User) -> None:
    membership = Membership.objects.get(project=project, user=alice)
    membership.role = own
    membership.save()

    def allowed() -> set[tuple[str, Action]]:
        here = {("", each) for each in Action if access_to(alice, project.slug).can(each)}
        in_dev = access_to(alice, project.slug, environment="dev")
        lists = {("list", each) for each in Action if environments_where(alice, each).exists()}
        return here | lists | {("dev", each) for each in Action if in_dev.can(each)}

    for there in (None, *Role):
        EnvironmentRole.objects.all().delete()
        if there is not None:
            EnvironmentRole.objects.create(membership=membership, environment=dev, role=there)
        alice.view_as = None
        before = allowed()
        for seen in Role:
            alice.view_as = ViewAs(project.slug, seen)
            assert allowed() <= before, (there, seen)
            assert {action for _, action in allowed()} <= TABLE[seen]


def test_other_projects_are_as_before_but_nothing_is_changed_there(project: Project, alice: User, visit: Visit) -> None:
    other = Project.objects.create(slug="another")
    Membership.objects.create(project=other, user=alice, role=Role.OWNER)
    client = visit(alice)
    look_as(client, Role.VIEWER)
    assert client.get(reverse("service-accounts", args=["another"])).status_code == 200
    assert client.get(reverse("service-accounts", args=["support-desk"])).status_code == 403
    assert client.post(reverse("members", args=["another"]), {"username": "vera", "role": "viewer"}).status_code == 403
    assert client.put(reverse("members", args=["another"])).status_code == 403


def test_every_page_says_so_and_has_the_way_out(project: Project, alice: User, visit: Visit) -> None:
    client = visit(alice)
    assert b"view-as/end" not in client.get(reverse("projects")).content
    assert b"view-as" in client.get(reverse("rights", args=[project.slug])).content
    assert look_as(client, Role.VIEWER)["Location"] == reverse("project", args=[project.slug])
    for name, arguments in (("projects", []), ("inbox", []), ("members", [project.slug]), ("mfa_index", [])):
        text = client.get(reverse(name, args=arguments)).content.decode()
        assert "as its <b>viewer</b> would" in text and reverse("view-as-end") in text
    assert "Add a member" not in client.get(reverse("members", args=[project.slug])).content.decode()
    ended = client.post(reverse("view-as-end"), follow=True)
    assert "You see support-desk as yourself again." in ended.content.decode()
    assert "Add a member" in client.get(reverse("members", args=[project.slug])).content.decode()
    assert client.post(reverse("view-as-end"))["Location"] == reverse("projects"), "pressed twice"


def test_it_is_written_down_with_what_was_tried(project: Project, alice: User, visit: Visit) -> None:
    client = visit(alice)
    look_as(client, Role.DEPLOYER)
    client.post(reverse("project-new"), {"slug": "new"})
    client.post(reverse("view-as-end"))
    told = AuditEntry.objects.filter(actor_id=alice.pk).order_by("pk").values_list("deed", "target", "outcome")
    assert list(told) == [
        ("view-as.begun", "deployer", "done"),
        ("access.denied", "POST /new-project/", "denied"),
        ("view-as.ended", "deployer", "done"),
    ]


def test_only_owners_of_that_project_may_and_only_see_less(
    project: Project, dev: Environment, alice: User, ada: User, mallory: User, visit: Visit
) -> None:
    EnvironmentRole.objects.create(membership=Membership.objects.get(user=ada), environment=dev, role=Role.OWNER)
    assert look_as(visit(ada), Role.VIEWER).status_code == 403
    assert look_as(visit(mallory), Role.VIEWER).status_code == 404
    for role in ("owner", "king", ""):
        client = visit(alice)
        client.post(reverse("view-as", args=[project.slug]), {"role": role})
        assert viewing.KEY not in client.session
    client = visit(alice)
    look_as(client, Role.VIEWER)
    assert look_as(client, Role.APPROVER).status_code == 403, "ended first, chosen anew then"


def test_it_ends_after_an_hour_and_with_the_session(project: Project, alice: User, visit: Visit) -> None:
    client = visit(alice)
    look_as(client, Role.VIEWER)
    session = client.session
    session[viewing.KEY] = session[viewing.KEY] | {"until": (datetime.now(UTC) - timedelta(seconds=1)).isoformat()}
    session.save()
    assert viewing.current(session) is None
    assert client.get(reverse("service-accounts", args=[project.slug])).status_code == 200
    assert viewing.KEY not in client.session
    assert AuditEntry.objects.filter(deed="view-as.ended").get().detail == {"why": "The hour was over."}
    look_as(client, Role.VIEWER)
    assert client.post(reverse("sign-out")).status_code == 302
    client.force_login(alice)
    assert client.get(reverse("service-accounts", args=[project.slug])).status_code == 200


def test_another_browser_of_theirs_is_as_before(project: Project, alice: User, visit: Visit) -> None:
    look_as(visit(alice), Role.VIEWER)
    assert visit(alice).get(reverse("service-accounts", args=[project.slug])).status_code == 200


def test_what_stays_open_follows(project: Project, alice: User, visit: Visit) -> None:
    client = visit(alice)
    look_as(client, Role.VIEWER)
    found = presence.signed_in(client.session.session_key or "")
    assert found is not None and found.view_as == ViewAs(project.slug, Role.VIEWER)
    assert not access_to(found, project.slug).can(Action.PROPOSE)
    client.post(reverse("view-as-end"))
    found = presence.signed_in(client.session.session_key or "")
    assert found is not None and found.view_as is None


@pytest.mark.django_db(transaction=True)
async def test_a_socket_stays_open(running: Deployment, alice: User) -> None:
    client = Client()
    await sync_to_async(client.force_login)(alice)
    await sync_to_async(look_as)(client, Role.VIEWER)
    socket = await knock(running, client)
    assert (await socket.connect())[0], "a viewer sees runs"
    await socket.receive_from()
    await socket.disconnect()


def test_the_plan_that_waits_is_not_theirs_to_approve(
    propose: Callable[..., Deployment], prod: Environment, alice: User, visit: Visit
) -> None:
    propose(prod, Status.WAITING)
    client = visit(alice)
    assert b"Waiting for your approval" in client.get(reverse("projects")).content
    look_as(client, Role.DEPLOYER)
    assert b"Waiting for your approval" not in client.get(reverse("projects")).content
