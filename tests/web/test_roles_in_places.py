"""Whoever has another role in one environment has exactly that one there, at every address, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deployments import inbox, orders
from deployments.deciding import decisions
from deployments.errors import NotAllowed
from deployments.models import Deployment, Status
from deployments.telling.occasions import Occasion
from deployments.telling.telling import tell
from deployments.timelines.models import Incident
from history.models import Record
from projects.models import Environment, Membership, User
from projects.people.api_tokens import make_token
from projects.people.models import EnvironmentRole, Group, GroupMember, GroupRole
from projects.roles import EVERYWHERE, FOR_TOKENS, TABLE, Role
from projects.views.tokens import api_lines
from tests.web.conftest import Visit
from tests.web.ladder import RUNGS, Rung

pytestmark = pytest.mark.django_db
PLACED = {"dev": "dev", "prod": "prod", "{record}": "dev", "{deployment}": "prod"}
"""The environment that an address is about, by its first argument."""
TARGETED = {"deployment-promote"}
"""They ask for the role where something is to go, which their form names: see test_promotion_pages."""
IN_PLACES = [rung for rung in RUNGS if rung.arguments and rung.arguments[0] in PLACED and rung.name not in TARGETED]


def give(user: User, environment: Environment, role: Role, by: str) -> None:
    """The only role of that person in an environment, by hand or by a group."""
    membership = Membership.objects.get(project=environment.project, user=user)
    EnvironmentRole.objects.filter(membership=membership).delete()
    GroupRole.objects.all().delete()
    if by == "hand":
        EnvironmentRole.objects.create(membership=membership, environment=environment, role=role)
        return
    group, _ = Group.objects.get_or_create(project=environment.project, name="theirs")
    GroupMember.objects.get_or_create(group=group, membership=membership)
    GroupRole.objects.create(group=group, environment=environment, role=role)


def test_there_is_much_to_walk() -> None:
    assert len(IN_PLACES) > 35


@pytest.mark.parametrize("rung", IN_PLACES, ids=str)
def test_the_role_there_decides(
    rung: Rung,
    address: Callable[[Rung], str],
    dev: Environment,
    prod: Environment,
    vera: User,
    alice: User,
    visit: Visit,
) -> None:
    url, here = address(rung), PLACED[rung.arguments[0]]
    places = {"dev": dev, "prod": prod}
    [elsewhere] = {*places} - {here}
    for person, own, by, role, place in (
        (vera, Role.VIEWER, "hand", Role.DEPLOYER, here),
        (vera, Role.VIEWER, "hand", Role.OWNER, here),
        (vera, Role.VIEWER, "hand", Role.OWNER, elsewhere),
        (alice, Role.OWNER, "group", Role.VIEWER, here),
        (alice, Role.OWNER, "group", Role.APPROVER, here),
        (alice, Role.OWNER, "group", Role.VIEWER, elsewhere),
    ):
        give(person, places[place], role, by)
        decisive = role if place == here and rung.action not in EVERYWHERE else own
        client = visit(person)
        status = (client.post(url, rung.data) if rung.method == "POST" else client.get(url)).status_code
        assert (status != 403) == (rung.action in TABLE[decisive]), (person.username, role, place, status)
        assert status != 404 or 404 in rung.answers


@pytest.mark.parametrize(
    "line",
    [line for line in api_lines() if "{project}" in line.address],
    ids=lambda line: f"{line.method} {line.address}",
)
def test_the_api_asks_there_too(
    line: Any, propose: Callable[..., Deployment], dev: Environment, prod: Environment, vera: User, alice: User
) -> None:
    names = {"{project}": "support-desk", "{environment}": "prod", "{secret}": "crm-token"}
    names["{deployment}"] = propose(prod, Status.WAITING).public_id
    known = {"title": "Slow", "begins_at": timezone.now(), "noted_at": timezone.now(), "noted_by_text": "ada"}
    names["{incident}"] = str(Incident.objects.create(project=prod.project, environment=prod, **known).pk)
    url = line.address
    for placeholder, value in names.items():
        url = url.replace(placeholder, value)
    in_place = any(name in line.address for name in ("{environment}", "{deployment}", "{incident}"))
    for person, own in ((vera, Role.VIEWER), (alice, Role.OWNER)):
        _, secret = make_token(user=person, name="t", actions=list(FOR_TOKENS), days=1, made_by=person)
        client = Client(headers={"Authorization": f"Bearer {secret}"})
        for role in (Role.VIEWER, Role.DEPLOYER):
            for place in (prod, dev):
                give(person, place, role, "hand")
                decisive = role if in_place and place == prod else own
                status = client.generic(line.method, url, "{}", "application/json").status_code
                assert (status != 403) == (line.endpoint.action in TABLE[decisive]), (person, role, place, status)
                assert status not in (401, 405)


def test_the_inbox_and_the_mails_follow(
    propose: Callable[..., Deployment], dev: Environment, prod: Environment, ada: User, vera: User, settings: Any
) -> None:
    settings.MAIL = True
    for person in (ada, vera):
        EmailAddress.objects.create(user=person, email=f"{person.username}@example.com", verified=True, primary=True)
    waiting = propose(prod, Status.WAITING)

    def told() -> tuple[list[str], list[int]]:
        decisions.keep(waiting, decisions.decision(waiting))
        decisions.settle(waiting)  # as beat does every few seconds
        rows = tell(Occasion.PLAN_WAITING, environment=prod, deployment=waiting)
        return [row.to_text for row in rows], [inbox.to_approve(each).count() for each in (ada, vera)]

    assert told() == (["ada"], [1, 0])
    give(ada, dev, Role.VIEWER, "hand")
    give(vera, dev, Role.APPROVER, "group")
    assert told() == (["ada"], [1, 0]), "another environment"
    give(ada, prod, Role.DEPLOYER, "hand")
    give(vera, prod, Role.APPROVER, "group")
    assert told() == (["vera"], [0, 1])


def test_orders_ask_again(running: Deployment, dev: Environment, alice: User, bob: User) -> None:
    give(alice, dev, Role.APPROVER, "hand")
    with pytest.raises(NotAllowed, match="Only an owner"):
        orders.cancel(deployment_id=running.pk, actor=alice)
    give(bob, dev, Role.VIEWER, "hand")
    with pytest.raises(NotAllowed):
        orders.cancel(deployment_id=running.pk, actor=bob)
    give(bob, dev, Role.DEPLOYER, "hand")
    assert orders.cancel(deployment_id=running.pk, actor=bob).cancelled_by_text == "bob"


def test_the_shell_asks_there_too(
    dev: Environment, prod: Environment, vera: User, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(vera, dev, Role.OWNER, "hand")
    give(alice, dev, Role.VIEWER, "hand")

    def set_secret(name: str, place: str) -> str:
        monkeypatch.setattr("sys.stdin", StringIO("value"))
        try:
            call_command(
                "set_secret", "x", "--project", "support-desk", "--environment", place, "--as", name, stdout=StringIO()
            )
        except CommandError as refusal:
            return str(refusal)
        return ""

    assert "You are viewer in support-desk/dev" in set_secret("alice", "dev")
    assert "You are viewer in support-desk/prod" in set_secret("vera", "prod")
    assert "You are" not in set_secret("vera", "dev")
    assert "no environment named nowhere" in set_secret("vera", "nowhere")


def test_records_and_cards_offer_what_the_role_there_may(
    recorded: Deployment, dev: Environment, prod: Environment, vera: User, alice: User, visit: Visit
) -> None:
    address = reverse("record", args=["support-desk", recorded.public_id])
    give(alice, prod, Role.VIEWER, "hand")
    give(vera, dev, Role.DEPLOYER, "group")
    assert b"Roll back to this" in visit(vera).get(address).content
    cards = visit(alice).get(reverse("project", args=["support-desk"])).context["cards"]
    assert {card.environment.name: card.may_plan for card in cards} == {"dev": True, "prod": False}
    Record.objects.update(environment=None)  # as when the environment is gone
    assert b"Roll back to this" not in visit(vera).get(address).content
