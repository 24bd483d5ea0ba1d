"""What a form does not ask for changes nothing: every field of every model is sent along with every post."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deployments.models import Deployment
from projects.models import User
from projects.people.bearer import endpoints_of
from projects.people.invitations import invite
from projects.roles import Role
from tests.hardening.routes import routes
from tests.hardening.test_matrix import NOTES
from tests.hardening.world import World, taken_back
from tests.people import addresses
from tests.web import ladder

pytestmark = pytest.mark.django_db

Data = dict[str, Any]
APART = {"audit_auditentry", "django_session", "account_emailconfirmation"}
MADE_UP = re.compile(r"sealed|hash|digest|secret|prefix|public_id|external_id|password|key|lineage")
"""Columns that are new by chance each time."""


def zipped() -> SimpleUploadedFile:
    """A bundle of one file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("agents/app.py", "print(1)")
    return SimpleUploadedFile("code.zip", buffer.getvalue())


def plan_seen(world: World) -> Data:
    """A review of the waiting plan."""
    found = Deployment.objects.get(public_id=world.names["deployment"])
    return {"comment": "ok", "plan_digest": found.plan.digest, "saw": ""}


def incident(version: str) -> Data:
    """An incident as its form takes it."""
    return {
        "title": "Down", "environment": "dev", "begins_at": "2026-11-20T10:30", "ends_at": "", "link": "", "text": "x",
        "version": version,
    }  # fmt: skip


def place(world: World) -> Data:
    """An environment as its form takes it."""
    return {
        "name": "new", "account": "210987654321", "region": "eu-west-1", "credentials": "ambient", "role_arn": "",
        "read_role_arn": "", "mfa_serial": "", "profile": "", "automatic_rollback": "on", "protected": "on",
    }  # fmt: skip


FORMS: dict[str, Callable[[World], Data]] = {
    "configuration-edit": lambda world: {
        "text": world.ours.configurations.get().text + "\n# more\n", "message": "more", "base": "1", "step": "save",
    },
    "sources": lambda world: {"bundle": zipped(), "origin": "main"},
    "members": lambda world: {"username": "outsider", "role": "viewer"},
    "member-role": lambda world: {"role": "deployer"},
    "member-place": lambda world: {"place": "dev", "role": "deployer"},
    "groups": lambda world: {"name": "sre"},
    "group-add": lambda world: {"username": "approver"},
    "group-role": lambda world: {"place": "dev", "role": "deployer"},
    "view-as": lambda world: {"role": "viewer"},
    "service-accounts": lambda world: {"name": "other", "role": "viewer"},
    "service-account": lambda world: {"name": "t", "where": "support-desk", "actions": "PROPOSE", "days": "7"},
    "invite": lambda world: {"email": "", "role": "viewer"},
    "path": lambda world: {"do": "save", "base": "0", "environment": ["dev", "prod"]},
    "environment-new": place,
    "environment-edit": place,
    "environment-plan": lambda world: {
        "configuration": world.ours.configurations.get().pk, "source": "", "message": "m", "targets": "",
        "run_when_approved": "",
    },
    "environment-destroy": lambda world: {"confirm": "dev", "message": "m", "targets": ""},
    "environment-import": lambda world: {"resources": "TicketsTable tickets", "message": "m"},
    "environment-live": lambda world: {"from": "environment:dev", "to": "live:dev"},
    "environment-adopt": lambda world: {"deployment": "", "logical_id": "A", "path": "B"},
    "protection-edit": lambda world: {
        "as": "json", "do": "save", "base": "1", "message": "m", "text": '{"lint": true}',
    },
    "deployment-approve": plan_seen,
    "deployment-reject": plan_seen,
    "deployment-look": lambda world: {"findings": "It was needed"},
    "deployment-promote": lambda world: {"environment": "prod", "message": "m"},
    "deployment-override": lambda world: plan_seen(world) | {"freeze": "Christmas", "reason": "It cannot wait"},
    "incidents": lambda world: incident("0"),
    "incident": lambda world: incident("1"),
    "environment-holds": lambda world: {"release": "", "everywhere": "on", "reason": "Audit week"},
    "environment-hold-lift": lambda world: {"reason": "It is over"},
    "deployment-pass-hold": lambda world: plan_seen(world) | {"hold": "1", "reason": "I looked"},
    "deployment-emergency": lambda world: plan_seen(world) | {"reason": "Nobody can sign in"},
    "discussion": lambda world: {"text": "And why here?", "about": "", "key": "1f0c2d3e-0000-4000-8000-000000000000"},
    "thread": lambda world: {"text": "Because.", "key": "1f0c2d3e-0000-4000-8000-000000000000"},
    "comment": lambda world: {"text": "Why now, though?"},
    "audit-keeping": lambda world: {"keep_days": "400"},
    "notifications": lambda world: {
        "name": "other", "kind": "slack", "address": "https://hooks.slack.com/services/x", "occasions": ["run.failed"],
    },
    "channel": lambda world: {"name": "other", "address": "", "occasions": ["run.failed"]},
    "rollback": lambda world: {"message": "m", "targets": ""},
    "retention": lambda world: {
        "do": "save", "agreed": "0", "keep_last": "5", "succeeded_days": "", "failed_days": "30",
    },
    "environment-hold": lambda world: {"name": "Case 7", "reason": "Counsel asked"},
    "environment-lift": lambda world: {"name": "Case 7", "reason": "It is over"},
    "record-tag": lambda world: {"name": "v1.4", "do": ""},
    "record-hold": lambda world: {"name": "Case 7", "reason": "Counsel asked"},
    "record-lift": lambda world: {"name": "Case 7", "reason": "It is over"},
}  # fmt: skip
"""What the form of an address asks for, all of it; addresses whose form takes nothing are posted empty."""

REFUSED = {"configuration-check", "environment-import-state", "environment-secrets", "environment-try"}
"""These write nothing here: a check alone, or they need a state file or something deployed."""
OF_OTHERS = {"deployment-approve", "deployment-reject", "deployment-look"}
"""Not for who made what this is about: the owner did."""
NOTHING_TO_DO = {
    "environment-adopt", "deployment-pass-hold", "deployment-override", "deployment-emergency",
    "view-as", "environment-lift", "record-lift",
}  # fmt: skip
"""Nothing was found outside, nothing holds the plan or is frozen, no second factor was shown, nothing was deployed yet,
and what one sees as is in the session."""


def planted(world: World, asked: Data) -> Data:
    """A value for every field of every model that the form does not ask for."""
    extra: Data = {"is_superuser": "on", "is_staff": "on", "user": world.people["stranger"].pk}
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            for name in {field.name, field.attname}:
                extra.setdefault(name, _value(world, field))
    return {name: value for name, value in extra.items() if name not in asked}


def _value(world: World, field: models.Field[Any, Any]) -> Any:
    if field.remote_field is not None:
        users = field.remote_field.model._meta.model_name == "user"
        return world.people["stranger"].pk if users else world.theirs.pk
    if field.choices:
        return list(field.choices)[-1][0]
    match field:
        case models.BooleanField():
            return "on"
        case models.DateTimeField():
            return "2001-01-01 00:00"
        case models.IntegerField():
            return "99"
        case models.JSONField():
            return '{"planted": true}'
    return "planted"


def everything() -> dict[str, list[str]]:
    """All rows of all tables, but for what is new by chance each time."""
    return {
        model._meta.db_table: sorted(
            json.dumps({name: _plain(name, value) for name, value in row.items()}, default=str)
            for row in model._default_manager.values()
        )
        for model in apps.get_models()
        if model._meta.db_table not in APART
    }


def _plain(name: str, value: Any) -> Any:
    if MADE_UP.search(name):
        return "by chance"
    if isinstance(value, datetime):
        return "now" if abs(value - timezone.now()) < timedelta(hours=1) else round(value.timestamp() / 3600)
    return value


def effect(world: World, actor: str, url: str, data: Data) -> tuple[int, set[str], dict[str, list[str]]]:
    """Status, tables written, and what the tables hold after that post."""
    seen: list[dict[str, list[str]]] = []
    answer = world.send(world.client(actor), "POST", url, data, look=lambda: seen.append(everything()))
    assert answer.status < 500, answer.fault
    return answer.status, set(answer.written) - (NOTES - {"audit_audithead"}), seen[0]


POSTS = [rung for rung in ladder.RUNGS if rung.method == "POST"]


@pytest.mark.parametrize("rung", POSTS, ids=lambda rung: rung.name)
def test_a_project_takes_what_its_forms_ask_for(rung: ladder.Rung, world: World) -> None:
    url = ladder.address_of(rung, world.ours.slug, world.names)
    make = FORMS.get(rung.name, lambda world: dict(rung.data))
    actor = "approver" if rung.name in OF_OTHERS else "owner"
    plain = effect(world, actor, url, make(world))
    assert plain[0] in {200, 302} or rung.name in REFUSED, "name in FORMS what this form asks for"
    assert plain[1] or rung.name not in FORMS or rung.name in NOTHING_TO_DO, "what FORMS says does nothing"
    assert effect(world, actor, url, {**planted(world, make(world)), **make(world)}) == plain


OWN: dict[str, Data] = {
    "project-new": {"slug": "mine", "description": "d"},
    "mail-choice": {"occasions": ["run.failed"]},
    "tokens": {"name": "t", "where": "", "actions": ["PROPOSE"], "days": "7"},
    "account_change_password": {"oldpassword": "owner", "password1": "a-new-one-2026", "password2": "a-new-one-2026"},
    "account_email": {"email": "new@example.com", "action_add": "1"},
}


@pytest.mark.parametrize("name", OWN)
def test_an_account_takes_what_its_forms_ask_for(name: str, world: World) -> None:
    plain = effect(world, "owner", reverse(name), OWN[name])
    assert plain[1], "it does something"
    assert effect(world, "owner", reverse(name), {**planted(world, OWN[name]), **OWN[name]}) == plain


def test_nobody_makes_themselves_more_by_signing_up(world: World, settings: Any) -> None:
    settings.SIGN_UP_OPEN = True
    asked = {"username": "newcomer", "email": "n@example.com", "password1": "a-new-one-2026"}
    _newcomer_is_nobody(world, world.client("anonymous"), reverse("account_signup"), asked)


def test_nobody_makes_themselves_more_by_an_invitation(world: World) -> None:
    with taken_back():
        _, secret = invite(project=world.theirs, role=Role.VIEWER, email="", by=world.people["stranger"])
        client = world.client("anonymous")
        client.get(reverse("invitation-follow", args=[secret]))
        asked = {"username": "newcomer", "password": "a-new-one-2026"}
        found = _newcomer_is_nobody(world, client, reverse("invitation"), asked)
        assert found == [("night-shift", "viewer")]


def _newcomer_is_nobody(world: World, client: Client, url: str, asked: Data) -> list[tuple[str, str]]:
    """Somebody new, who is no more than what was meant; their memberships."""
    people: list[User] = []
    roles: list[list[tuple[str, str]]] = []

    def look() -> None:
        people.extend(User.objects.filter(username="newcomer"))
        roles.append([*people[0].memberships.values_list("project__slug", "role")])

    answer = world.send(client, "POST", url, {**planted(world, asked), **asked}, look=look)
    assert answer.status == 302, answer.content[:2000]
    [made] = people
    assert not made.is_superuser and not made.is_staff and made.is_active
    assert abs(made.date_joined - timezone.now()) < timedelta(hours=1)
    return roles[0]


@pytest.mark.parametrize("name", sorted(addresses.API))
def test_the_api_refuses_what_it_does_not_know(name: str, world: World) -> None:
    [view] = [route.view for route in routes() if route.name == name]
    names = {"slug": world.ours.slug} | world.names
    url = reverse(name, args=[each.format(**names) for each in addresses.API[name]])
    for method in {"POST", "PUT", "PATCH", "DELETE"} & {*endpoints_of(view)}:
        said = json.dumps({"is_superuser": True})
        client = world.client("personal token")
        answer = world.send(client, method, url, said, content_type="application/json")
        assert answer.status in {400, 409, 422}, answer.content
        assert not answer.written - NOTES
