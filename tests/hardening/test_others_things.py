"""What belongs to another project, or to somebody else, is not there: by its id in an address, and in what is sent."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from pkgutil import walk_packages

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.forms import BaseForm, ModelChoiceField
from django.urls import reverse
from django.utils import timezone

import deployments
import projects
from deployments.discussing.models import Comment, Mention
from projects.models import SourceBundle
from projects.people.api_tokens import make_token
from projects.people.invitations import invite
from projects.people.tokens import new_token
from projects.roles import Role
from tests.hardening.routes import routes
from tests.hardening.test_extra_fields import FORMS
from tests.hardening.test_matrix import NOTES
from tests.hardening.world import World, taken_back
from tests.people import addresses
from tests.web import ladder

pytestmark = pytest.mark.django_db

PLACES = {"dev": "environment", "prod": "environment"}
"""Names of ours that rungs say as they are, by what they name."""
NUMBERS = {
    "configuration-revision": "number",
    "protection-revision": "number",
    "protection-file": "number",
    "protection-consent": "number",
    "protection-decline": "number",
    "protection-withdraw": "number",
}
NAMES_NO_ROW = {"csv", "json", "txt", "Tickets", "template.json", "plan.json", "0" * 12, "0" * 64}
KEYS = {
    "account_confirm_email", "account_reset_password_from_key", "invitation-follow", "oidc_login", "oidc_callback",
}  # fmt: skip
"""Addresses whose argument is a secret or a provider's name: whoever knows it may."""


def theirs(rung: ladder.Rung, argument: str) -> str | None:
    """The name of what is the same kind of thing in the other project; None for what names no row."""
    if argument.startswith("{"):
        return argument[1:-1]
    if argument in PLACES:
        return PLACES[argument]
    if rung.name in NUMBERS:
        return NUMBERS[rung.name]
    assert argument in NAMES_NO_ROW, f"{rung}: say what {argument} is, so that another project's is tried"
    return None


def foreign(world: World, rung: ladder.Rung) -> Iterator[str]:
    """Addresses in our project, each with one thing of theirs."""
    own = [each.format(**world.names) for each in rung.arguments]
    for position, argument in enumerate(rung.arguments):
        name = theirs(rung, argument)
        if name is not None:
            named = [*own[:position], str(world.their_names[name]), *own[position + 1 :]]
            yield reverse(rung.name, args=[world.ours.slug, *named])


WITH_THINGS = [rung for rung in ladder.RUNGS if any(theirs(rung, argument) for argument in rung.arguments)]


def test_every_address_with_an_argument_is_tried() -> None:
    tried = {rung.name for rung in WITH_THINGS} | {*OTHERS} | KEYS | {*addresses.API}
    plain = {rung.name for rung in ladder.RUNGS if set(rung.arguments) <= NAMES_NO_ROW} | {*ladder.ADMINISTRATIVE}
    assert {route.name for route in routes() if set(route.parameters) - {"slug"}} <= tried | plain


@pytest.mark.parametrize("rung", WITH_THINGS, ids=str)
def test_another_projects_thing_is_not_in_ours(rung: ladder.Rung, world: World) -> None:
    said = FORMS[rung.name](world) if rung.method == "POST" and rung.name in FORMS else rung.data
    own = world.ask("owner", rung.method, ladder.address_of(rung, world.ours.slug, world.names), said)
    assert own.status in {*rung.answers, 200, 302}, (
        "with a thing of ours it works, so it is the thing that makes the difference"
    )
    for url in foreign(world, rung):
        for fragment in (False, True):
            answer = world.ask("owner", rung.method, url, said, fragment=fragment)
            assert answer.status == 404, (url, answer.fault)
            assert answer.written <= NOTES, url
            assert b"night-shift" not in answer.content.replace(url.encode(), b"")


@pytest.mark.parametrize("name", sorted(addresses.API))
def test_the_api_finds_nothing_of_another_project(name: str, world: World) -> None:
    arguments = addresses.API[name]
    ours = {"slug": world.ours.slug} | world.names
    [view] = [route.view for route in routes() if route.name == name]
    for number, argument in enumerate(arguments):
        if argument.startswith("{"):
            kind = argument[1:-1]
            other = world.theirs.slug if kind == "slug" else world.their_names[kind]
            named = [each.format(**ours) for each in arguments]
            url = reverse(name, args=[*named[:number], other, *named[number + 1 :]])
            for method in getattr(view, "endpoints", {}):
                for token in ("personal token", "service token"):
                    answer = world.ask(token, method, url)
                    assert answer.status == 404, (method, url, answer.content)
                    assert answer.written <= NOTES


def _session(world: World) -> list[object]:
    session = UserSession.objects.create(
        user=world.people["stranger"], ip="192.0.2.1", session_key="x" * 32, user_agent="x"
    )
    return [session.pk]


def _token(world: World) -> list[object]:
    stranger = world.people["stranger"]
    return [make_token(user=stranger, name="t", actions=[], days=1, made_by=stranger)[0].pk]


def _passkey(world: World) -> list[object]:
    made = Authenticator.objects.create(user=world.people["stranger"], type="webauthn", data={"name": "key"})
    return [made.pk]


def _invitation(world: World) -> list[object]:
    owner = world.people["stranger"]
    return [invite(project=world.theirs, role=Role.OWNER, email="stranger@example.com", by=owner)[0].pk]


def _mention(world: World) -> list[object]:
    comment = Comment.objects.get(pk=world.their_names["comment"])
    return [Mention.objects.create(comment=comment, person=world.people["stranger"]).pk]


OTHERS = {
    "session-end": ("POST", _session),
    "token-revoke": ("POST", _token),
    "mfa_edit_webauthn": ("POST", _passkey),
    "mfa_remove_webauthn": ("POST", _passkey),
    "inbox-join": ("POST", _invitation),
    "mention-read": ("POST", _mention),
}
"""One's own things by their ids: how each is asked for, and what makes one of somebody else's."""


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_what_is_somebody_elses_is_not_mine(name: str, world: World) -> None:
    method, make = OTHERS[name]
    with taken_back():
        url = reverse(name, args=make(world))
        for actor in ("outsider", "owner", "administrator"):
            answer = world.ask(actor, method, url, {"name": "mine"})
            assert answer.status == 404, (actor, answer.content[:200])
            assert answer.written <= NOTES


def test_what_is_sent_names_nothing_of_another_project(world: World) -> None:
    their_configuration = world.theirs.configurations.get().pk
    their_source = world.theirs.sources.get()
    ours = {"configuration": world.ours.configurations.get().pk, "source": world.ours.sources.get().pk}
    plan = reverse("environment-plan", args=[world.ours.slug, "dev"])
    assert world.ask("owner", "POST", plan, ours).status == 302
    for wrong in ({"configuration": their_configuration}, {"source": their_source.pk}):
        answer = world.ask("owner", "POST", plan, ours | wrong)
        assert answer.status == 422
        assert "deployments_deployment" not in answer.written
    compare = reverse("compare", args=[world.ours.slug])
    theirs, mine = world.their_names["record"], world.names["record"]
    for query in (f"?from={theirs}&to={mine}", f"?from={mine}&to={theirs}"):
        answer = world.ask("owner", "GET", compare + query)
        assert str(theirs).encode() not in answer.content
    api = reverse("api-plans", args=[world.ours.slug, "dev"])
    with taken_back():
        SourceBundle.objects.filter(pk=their_source.pk).update(digest="f" * 64)
        for said in ('{"revision": 7}', '{"source": "%s"}' % ("f" * 64)):
            answer = world.send(world.client("personal token"), "POST", api, said, content_type="application/json")
            assert answer.status == 404, answer.content


def test_no_form_lets_choose_among_everybodys_rows() -> None:
    found = [
        (form, name)
        for package in (projects, deployments)
        for module in walk_packages(package.__path__, f"{package.__name__}.")
        if module.name.endswith("forms")
        for _, form in inspect.getmembers(import_module(module.name), inspect.isclass)
        if issubclass(form, BaseForm)
        for name, field in getattr(form, "base_fields", {}).items()
        if isinstance(field, ModelChoiceField) and field.queryset is not None and not field.queryset.query.is_empty()
    ]
    assert found == []


def test_an_invitation_is_found_by_its_secret_alone(world: World) -> None:
    with taken_back():
        invitation, secret = invite(project=world.theirs, role=Role.VIEWER, email="", by=world.people["stranger"])
        for guess in (str(invitation.pk), secret[:-1], secret[::-1], new_token()):
            client = world.client("outsider")
            client.get(reverse("invitation-follow", args=[guess]))
            assert b"night-shift" not in client.get(reverse("invitation")).content
        type(invitation).objects.filter(pk=invitation.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
        client = world.client("outsider")
        client.get(reverse("invitation-follow", args=[secret]))
        assert b"night-shift" not in client.get(reverse("invitation")).content
