"""The permission ladder of every address: nobody, outsider, too small a role, enough; and the wrong method."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from deployments.models import Deployment, Status
from deployments.telling import channels
from projects.models import Environment, Membership, Project, SourceBundle, User
from projects.people.api_tokens import make_service_account
from projects.people.invitations import invite
from projects.people.models import GroupRole
from projects.roles import TABLE, Action, Role
from tests.people import addresses
from tests.web.conftest import Visit

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Rung:
    """One address and method: which action it asks for, and what it answers to those who may."""

    name: str
    method: str
    action: Action
    arguments: tuple[str, ...] = ()
    answers: tuple[int, ...] = (200,)
    data: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.name}"


VIEW = Action.VIEW
RUNGS = [
    Rung("project", "GET", VIEW),
    Rung("configuration", "GET", VIEW),
    Rung("configuration-revision", "GET", VIEW, ("1",)),
    Rung("configuration-edit", "GET", Action.EDIT_CONFIGURATION),
    Rung("configuration-edit", "POST", Action.EDIT_CONFIGURATION, answers=(422,)),
    Rung("configuration-check", "POST", Action.EDIT_CONFIGURATION),
    Rung("sources", "GET", VIEW),
    Rung("sources", "POST", Action.UPLOAD_SOURCE, answers=(422,), data={"origin": "x"}),
    Rung("source", "GET", VIEW, ("{source}",)),
    Rung("members", "GET", VIEW),
    Rung("members", "POST", Action.MANAGE_MEMBERS, answers=(422,), data={"username": "nobody"}),
    Rung("rights", "GET", VIEW),
    Rung("member-role", "POST", Action.MANAGE_MEMBERS, ("{member}",), (302,)),
    Rung("member-remove", "POST", Action.MANAGE_MEMBERS, ("{member}",), (302,)),
    Rung("service-accounts", "GET", Action.MANAGE_MEMBERS),
    Rung("service-accounts", "POST", Action.MANAGE_MEMBERS, answers=(422,), data={"name": "C I"}),
    Rung("service-account", "GET", Action.MANAGE_MEMBERS, ("{service}",)),
    Rung("service-account", "POST", Action.MANAGE_MEMBERS, ("{service}",), (302,)),
    Rung("service-token-revoke", "POST", Action.MANAGE_MEMBERS, ("{service}", "1"), (404,)),
    Rung("service-account-close", "POST", Action.MANAGE_MEMBERS, ("{service}",), (302,)),
    Rung("invite", "POST", Action.MANAGE_MEMBERS, answers=(422,), data={"role": "king"}),
    Rung("invitation-resend", "POST", Action.MANAGE_MEMBERS, ("{invitation}",)),
    Rung("invitation-revoke", "POST", Action.MANAGE_MEMBERS, ("{invitation}",), (302,)),
    Rung("group-role-add", "POST", Action.MANAGE_MEMBERS, answers=(422,), data={"provider": "none"}),
    Rung("group-role-remove", "POST", Action.MANAGE_MEMBERS, ("{group}",), (302, 404)),
    Rung("environment-new", "GET", Action.MANAGE_ENVIRONMENTS),
    Rung("environment-new", "POST", Action.MANAGE_ENVIRONMENTS, answers=(422,), data={"name": "X"}),
    Rung("environment-edit", "GET", Action.MANAGE_ENVIRONMENTS, ("dev",)),
    Rung("environment-edit", "POST", Action.MANAGE_ENVIRONMENTS, ("dev",), (422,), {"account": "1"}),
    Rung("environment", "GET", VIEW, ("dev",)),
    Rung("environment-plan", "GET", Action.PROPOSE, ("dev",)),
    Rung("environment-plan", "POST", Action.PROPOSE, ("dev",), (422,), {"configuration": "0"}),
    Rung("environment-destroy", "GET", Action.PROPOSE, ("dev",)),
    Rung("environment-destroy", "POST", Action.PROPOSE, ("dev",), (422,), {"confirm": "prod"}),
    Rung("environment-export", "GET", VIEW, ("dev",)),
    Rung("environment-export-file", "GET", VIEW, ("dev", "template.json")),
    Rung("environment-import", "GET", Action.MANAGE_ENVIRONMENTS, ("dev",)),
    Rung("environment-import", "POST", Action.MANAGE_ENVIRONMENTS, ("dev",), (422,)),
    Rung("environment-import-state", "POST", Action.MANAGE_ENVIRONMENTS, ("dev",), (422,)),
    Rung("environment-access", "GET", Action.MANAGE_ENVIRONMENTS, ("dev",)),
    Rung("environment-access", "POST", Action.MANAGE_ENVIRONMENTS, ("dev",)),
    Rung("environment-secrets", "GET", VIEW, ("dev",)),
    Rung("environment-secrets", "POST", Action.SET_SECRETS, ("dev",), (422,)),
    Rung("environment-adopt", "POST", Action.EDIT_CONFIGURATION, ("dev",), (302,)),
    Rung("environment-drift", "GET", VIEW, ("dev",), (302,)),
    Rung("environment-drift", "POST", Action.PROPOSE, ("dev",), (302,)),
    Rung("environment-optimise", "GET", VIEW, ("dev",)),
    Rung("environment-optimise-finding", "GET", VIEW, ("dev", "0" * 12), (302,)),
    Rung("environment-optimise-finding", "POST", Action.EDIT_CONFIGURATION, ("dev", "0" * 12), (302,)),
    Rung("environment-try", "POST", Action.TRY, ("dev",), (422,), {"method": "BREW"}),
    Rung("deployments", "GET", VIEW),
    Rung("deployment", "GET", VIEW, ("{deployment}",)),
    Rung("deployment-news", "GET", VIEW, ("{deployment}",)),
    Rung("deployment-log", "GET", VIEW, ("{deployment}",)),
    Rung("deployment-approve", "POST", Action.APPROVE, ("{deployment}",), (302,)),
    Rung("deployment-reject", "POST", Action.APPROVE, ("{deployment}",), (302,)),
    Rung("deployment-start", "POST", Action.RUN, ("{deployment}",), (302,)),
    Rung("deployment-code", "POST", Action.RUN, ("{deployment}",), (302,)),
    Rung("deployment-cancel", "POST", Action.CANCEL_OWN, ("{deployment}",), (302,)),
    Rung("deployment-discard", "POST", Action.PROPOSE, ("{deployment}",), (302,)),
    Rung("audit", "GET", VIEW),
    Rung("audit-export", "GET", VIEW, ("csv",)),
    Rung("audit-verification", "POST", VIEW),
    Rung("audit-keeping", "POST", Action.MANAGE_MEMBERS, answers=(302,)),
    Rung("notifications", "GET", VIEW),
    Rung("notifications", "POST", Action.MANAGE_NOTIFICATIONS, answers=(422,), data={"kind": "pigeon"}),
    Rung("channel", "GET", Action.MANAGE_NOTIFICATIONS, ("{channel}",)),
    Rung("channel", "POST", Action.MANAGE_NOTIFICATIONS, ("{channel}",), (422,)),
    Rung("channel-remove", "POST", Action.MANAGE_NOTIFICATIONS, ("{channel}",), (302,)),
    Rung("channel-test", "POST", Action.MANAGE_NOTIFICATIONS, ("{channel}",), (302,)),
    Rung("delivery-retry", "POST", Action.MANAGE_NOTIFICATIONS, ("{delivery}",), (302,)),
    Rung("timeline", "GET", VIEW),
    Rung("compare", "GET", VIEW),
    Rung("record", "GET", VIEW, ("{record}",)),
    Rung("record-file", "GET", VIEW, ("{record}", "plan.json")),
    Rung("verification", "GET", VIEW, ("{record}",)),
    Rung("rollback", "GET", Action.PROPOSE, ("{record}",)),
    Rung("rollback", "POST", Action.PROPOSE, ("{record}",), (302,)),
]
OPEN = {"healthz", "readyz", "sign-in", "sign-out", "inbox-badge"}  # answer to anybody
PERSONAL: dict[str, tuple[str, ...]] = {  # answer to anybody who is signed in, with their own things
    "home": (),
    "projects": (),
    "project-new": (),
    "inbox": (),
    "inbox-join": ("1",),
    "mail-choice": (),
}
ADMINISTRATIVE = {  # answer to administrators alone; to others they do not exist
    "installation-audit": ("GET", ()),
    "installation-audit-export": ("GET", ("csv",)),
    "installation-audit-verification": ("POST", ()),
}


@pytest.fixture
def address(
    project: Project,
    prod: Environment,
    source: SourceBundle,
    recorded: Deployment,
    propose: Callable[..., Deployment],
    vera: User,
    alice: User,
) -> Callable[[Rung], str]:
    """The address of a rung in a project that has one of everything."""
    channel, _ = channels.add(
        project=project, actor=alice, name="room", kind="slack", address="https://hooks.slack.com/x", occasions=["test"]
    )
    names = {
        "channel": channel.pk,
        "delivery": channels.test(channel=channel, actor=alice)[0].pk,
        "source": source.pk,
        "service": make_service_account(project=project, name="ci", role=Role.DEPLOYER, by=alice).pk,
        "invitation": invite(project=project, role=Role.VIEWER, email="", by=alice)[0].pk,
        "group": GroupRole.objects.create(project=project, provider="x", group="ops", role="viewer").pk,
        "member": Membership.objects.get(project=project, user=vera).pk,
        "deployment": propose(prod, Status.WAITING).public_id,
        "record": recorded.public_id,
    }
    return lambda rung: reverse(rung.name, args=[project.slug, *(each.format(**names) for each in rung.arguments)])


def test_every_address_is_on_the_ladder() -> None:
    def names(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from names(pattern.url_patterns)
            else:
                assert pattern.name, f"{pattern.pattern} has no name"
                yield pattern.name

    assert set(names(get_resolver().url_patterns)) == {
        *(rung.name for rung in RUNGS), *OPEN, *PERSONAL, *ADMINISTRATIVE,
        *addresses.OPEN, *addresses.PERSONAL, *addresses.API,
    }  # fmt: skip


@pytest.mark.parametrize("rung", RUNGS, ids=str)
def test_nobody_is_sent_to_sign_in(rung: Rung, address: Callable[[Rung], str], visit: Visit) -> None:
    answer = visit(None).generic(rung.method, address(rung))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("sign-in"))


@pytest.mark.parametrize("rung", RUNGS, ids=str)
def test_an_outsider_finds_nothing(rung: Rung, address: Callable[[Rung], str], visit: Visit, mallory: User) -> None:
    for headers in ({}, {"HX-Request": "true"}):
        answer = visit(mallory).generic(rung.method, address(rung), headers=headers)
        assert answer.status_code == 404
        assert b"support-desk" not in answer.content


@pytest.mark.parametrize("rung", RUNGS, ids=str)
def test_every_role_may_what_the_table_says(
    rung: Rung, address: Callable[[Rung], str], visit: Visit, vera: User, bob: User, ada: User, alice: User
) -> None:
    url = address(rung)
    people = {Role.VIEWER: vera, Role.DEPLOYER: bob, Role.APPROVER: ada, Role.OWNER: alice}
    for role, person in people.items():
        client = visit(person)
        answer = client.post(url, rung.data) if rung.method == "POST" else client.get(url)
        expected = rung.answers if rung.action in TABLE[role] else (403,)
        assert answer.status_code in expected, (role, answer.status_code)
        if answer.status_code == 403:
            assert f"You are {role.value}" in answer.content.decode()


@pytest.mark.parametrize("rung", RUNGS, ids=str)
def test_the_wrong_method_is_refused(rung: Rung, address: Callable[[Rung], str], visit: Visit, alice: User) -> None:
    both = {other.method for other in RUNGS if other.name == rung.name}
    for method in {"GET", "POST", "PUT", "DELETE"} - both:
        assert visit(alice).generic(method, address(rung)).status_code == 405


@pytest.mark.parametrize("name", sorted(PERSONAL))
def test_personal_pages_ask_for_a_person(name: str, db: None, visit: Visit) -> None:
    assert visit(None).get(reverse(name, args=PERSONAL[name]))["Location"].startswith(reverse("sign-in"))


@pytest.mark.parametrize("name", sorted(ADMINISTRATIVE))
def test_administrators_alone_find_what_belongs_to_no_project(name: str, alice: User, visit: Visit) -> None:
    method, arguments = ADMINISTRATIVE[name]
    url = reverse(name, args=arguments)
    assert visit(None).generic(method, url).status_code == 302
    assert visit(alice).generic(method, url).status_code == 404
    alice.is_superuser = True
    alice.save()
    assert visit(alice).generic(method, url).status_code == 200


def test_a_list_shows_nobody_elses_projects(project: Project, visit: Visit, mallory: User, vera: User) -> None:
    assert b"support-desk" not in visit(mallory).get(reverse("projects")).content
    assert b"support-desk" in visit(vera).get(reverse("projects")).content
