"""A world to attack: two projects with one of everything, everybody who might ask, and what each request did."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, partial
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection, transaction
from django.test import Client
from django.test.client import ClientHandler
from django.utils import timezone

from history.store import InMemoryStore, store
from projects.bundles import read_folder
from projects.editing import add_source
from projects.models import Environment, Membership, Project, User
from projects.people.api_tokens import make_service_account, make_token
from projects.people.models import ApiToken, EnvironmentRole
from projects.roles import FOR_TOKENS, Role
from tests.conftest import SAMPLE, person, protect
from tests.web.conftest import proposed, run_to_record, sample_configuration
from tests.web.ladder import one_of_everything

ROLES: Mapping[str, Role] = {
    "viewer": Role.VIEWER,
    "deployer": Role.DEPLOYER,
    "approver": Role.APPROVER,
    "owner": Role.OWNER,
}
TOKENS: Mapping[str, Role] = {"service token": Role.DEPLOYER, "personal token": Role.OWNER}
NARROWED = "owner narrowed to a viewer in each environment"
SIGNED_IN = ("outsider", "administrator", *ROLES, NARROWED)
ACTORS = ("anonymous", *SIGNED_IN, *TOKENS)
WRITING = re.compile(r'^\s*(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM|REPLACE INTO)\s+"?(\w+)', re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """What came back, and which tables were written on the way."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    written: frozenset[str]
    fault: str = ""

    @property
    def is_page(self) -> bool:
        """Whether a browser would show it as HTML."""
        return self.headers.get("Content-Type", "").startswith("text/html") and bool(self.content)


@dataclass
class World:
    """Two projects: `ours`, in which everybody has their role, and `theirs`, where only a stranger has one."""

    ours: Project
    theirs: Project
    names: dict[str, object]
    their_names: dict[str, object]
    people: dict[str, User]
    secrets: dict[str, str]
    sessions: dict[str, str] = field(default_factory=dict)

    def client(self, actor: str, **options: Any) -> Client:
        """A browser (or program) of that actor."""
        client = Client(raise_request_exception=False, **options)
        client.handler = handler(enforce_csrf_checks=client.handler.enforce_csrf_checks)
        if actor in self.people:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[actor]
        if actor in self.secrets:
            client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {self.secrets[actor]}"
        return client

    def ask(self, actor: str, method: str, url: str, data: Any = None, *, fragment: bool = False) -> Answer:
        """One request of that actor; whatever it changed is taken back."""
        return self.send(self.client(actor), method, url, data, fragment=fragment)

    def send(
        self,
        client: Client,
        method: str,
        url: str,
        data: Any = None,
        *,
        fragment: bool = False,
        look: Callable[[], None] = lambda: None,
        **extra: Any,
    ) -> Answer:
        """The same by any client; `look` sees what the request left before it is taken back."""
        if fragment:
            extra["HTTP_HX_REQUEST"] = "true"
        with taken_back(), noted() as written:
            if method == "POST" and not isinstance(data, bytes | str):
                response = client.post(url, data or {}, **extra)
            else:
                response = client.generic(method, url, data or b"", **extra)
            content = b"".join(response.streaming_content) if response.streaming else response.content
            fault = repr(response.exc_info[1]) if getattr(response, "exc_info", None) else ""
            look()
        return Answer(response.status_code, response.headers, content, frozenset(written), fault)


@cache
def handler(*, enforce_csrf_checks: bool) -> ClientHandler:
    """The middleware, loaded once: it costs more than most requests."""
    made = ClientHandler(enforce_csrf_checks=enforce_csrf_checks)
    made.load_middleware()
    return made


@contextmanager
def taken_back() -> Iterator[None]:
    """Whatever is written inside is undone at the end."""
    point, kept = transaction.savepoint(), store()
    assert isinstance(kept, InMemoryStore)
    objects = dict(kept.objects)
    try:
        yield
    finally:
        transaction.savepoint_rollback(point)
        kept.objects = objects


@contextmanager
def noted() -> Iterator[set[str]]:
    """The tables that are written meanwhile."""
    tables: set[str] = set()

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if found := WRITING.match(sql):
            tables.add(found[1])
        if not many and any(isinstance(each, str) and "\0" in each for each in params or ()):
            raise ValueError("A string literal cannot contain NUL (0x00) characters.")  # as PostgreSQL's driver
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield tables


def build() -> World:
    """The world; inside a transaction that is given up in the end."""
    people = {name: person(name.replace(" ", "-")) for name in (*SIGNED_IN, "stranger")}
    User.objects.filter(pk=people["administrator"].pk).update(is_superuser=True, is_staff=True)
    ours, theirs = Project.objects.create(slug="support-desk"), Project.objects.create(slug="night-shift")
    for name, role in ROLES.items():
        Membership.objects.create(project=ours, user=people[name], role=role)
    Membership.objects.create(project=theirs, user=people["stranger"], role=Role.OWNER)
    narrowed = Membership.objects.create(project=ours, user=people[NARROWED], role=Role.OWNER)
    owner = people["owner"]
    service = make_service_account(project=ours, name="builder", role=TOKENS["service token"], by=owner)
    secrets = {
        name: make_token(user=user, name=name, actions=FOR_TOKENS, days=1, made_by=owner)[1]
        for name, user in (("service token", service.user), ("personal token", owner))
    }
    # So that no use is noted: nothing of it is new.
    ApiToken.objects.update(last_used_at=timezone.now() + timedelta(days=1), addresses=["127.0.0.1"])
    world = World(
        ours=ours,
        theirs=theirs,
        names=filled(ours, people["owner"], people["viewer"], ("dev", "prod"), 1),
        their_names=filled(theirs, people["stranger"], people["stranger"], ("attic", "cellar"), 7),
        people=people,
        secrets=secrets,
    )
    for environment in ours.environments.all():
        EnvironmentRole.objects.create(membership=narrowed, environment=environment, role=Role.VIEWER)
    world.sessions |= {name: session_of(user) for name, user in people.items()}
    return world


def filled(project: Project, owner: User, member: User, places: tuple[str, str], number: int) -> dict[str, object]:
    """One of everything in the project, by the names that the arguments of rungs have."""
    dev, prod = (
        Environment.objects.create(
            project=project, name=name, account="123456789012", region="us-east-1", position=position
        )
        for position, name in enumerate(places)
    )
    protect(prod)
    configuration = sample_configuration(project, owner, number)
    source = add_source(project=project, bundle=read_folder(SAMPLE), origin="main at 41c2", author=owner)
    propose = partial(proposed, configuration=configuration, source=source, by=owner)
    record = run_to_record(propose, dev, owner)
    names = one_of_everything(owner=owner, member=member, prod=prod, source=source, record=record, propose=propose)
    return names | {"environment": dev.name, "number": number}


def session_of(user: User) -> str:
    """The key of a session in which that person is signed in, and has just proved that it is them."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    proof = {"method": "password", "at": timezone.now().timestamp(), "reauthenticated": True}
    session["account_authentication_methods"] = [proof]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return str(session.session_key)
