"""Everybody who might ask, at every address, by every method, for pages and for fragments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pytest
from django.urls import reverse

from projects.people.bearer import endpoints_of
from projects.roles import EVERYWHERE, FOR_TOKENS, TABLE, Role
from strandsweb.headers import PERMISSIONS_POLICY
from tests.hardening.markup import wrong_with
from tests.hardening.routes import routes
from tests.hardening.world import ACTORS, NARROWED, ROLES, TOKENS, Answer, World
from tests.people import addresses
from tests.web import ladder

pytestmark = pytest.mark.django_db

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
SAFE = {"GET", "HEAD", "OPTIONS"}
SENT = {"GET", "POST"}
RUNGS = {rung.name: {each.method: each for each in ladder.RUNGS if each.name == rung.name} for rung in ladder.RUNGS}
OPEN = dict.fromkeys(sorted(ladder.OPEN - {"readyz"}), ()) | addresses.OPEN  # readyz knocks at other processes
PERSONAL = ladder.PERSONAL | addresses.PERSONAL
ONE_PERSON = ("anonymous", "outsider", "owner", *TOKENS)
IN_A_PLACE = {"dev", "prod", "{deployment}", "{record}", "{incident}"}
"""Arguments that name an environment, or what belongs to one."""
NOTES = {
    "audit_auditentry", "audit_audithead", "audit_repeateddenial", "django_session", "deployments_environmentstate",
}  # fmt: skip
"""What may be written for who only looks, or is refused: that they did, what their session says, and the lineage that
an environment's empty state gets when it is read first."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS_POLICY,
}


@dataclass(frozen=True)
class Cell:
    """Who asked how, and what came back."""

    actor: str
    method: str
    fragment: bool
    answer: Answer

    def __str__(self) -> str:
        kind = "a fragment" if self.fragment else "a page"
        return f"{self.actor} {self.method} for {kind}: {self.answer.status} {self.answer.fault}"


def cells(world: World, url: str, actors: Iterable[str] = ACTORS, data: dict[str, str] | None = None) -> Iterator[Cell]:
    """One address asked by everybody, in every way."""
    for actor in actors:
        for method in METHODS:
            # What pages of ours send is asked by everybody as a fragment too, the rest by who differs most.
            for fragment in (False, True) if method in SENT or actor in ONE_PERSON else (False,):
                answer = world.ask(actor, method, url, data if method == "POST" else None, fragment=fragment)
                yield Cell(actor, method, fragment, answer)


def wrong_in(cell: Cell) -> list[str]:
    """What is wrong with an answer whoever got it."""
    answer = cell.answer
    wrong = [
        f"{name} is {answer.headers.get(name)}" for name, value in HEADERS.items() if answer.headers.get(name) != value
    ]
    if answer.status >= 500:
        wrong.append("a fault of ours")
    if (cell.method in SAFE or answer.status in {401, 403, 404, 405}) and not answer.written <= NOTES:
        wrong.append(f"wrote {sorted(answer.written - NOTES)}")
    if cell.method == "HEAD" and answer.content:
        wrong.append("a body for HEAD")
    if answer.headers.get("Cache-Control", "public").split(",")[0] in {"public", "max-age"}:
        wrong.append("others may keep it")
    if answer.is_page:
        wrong += wrong_with(answer.content.decode())
        policy = answer.headers.get("Content-Security-Policy", "")
        wrong += ["no content policy"] if "default-src 'none'" not in policy or "unsafe" in policy else []
    return [f"{cell}: {each}" for each in wrong]


def test_every_address_has_a_rule() -> None:
    known = [*RUNGS, *ladder.OPEN, *addresses.OPEN, *PERSONAL, *ladder.ADMINISTRATIVE, *addresses.API]
    assert len(known) == len(set(known)), "two rules for one address"
    assert {route.name for route in routes()} == set(known)


@pytest.mark.parametrize("name", RUNGS)
def test_a_project_answers_by_role_alone(name: str, world: World) -> None:
    by_method = RUNGS[name]
    url = ladder.address_of(next(iter(by_method.values())), world.ours.slug, world.names)
    data = by_method["POST"].data if "POST" in by_method else None
    wrong = []
    for cell in cells(world, url, data=data):
        wrong += wrong_in(cell)
        if cell.answer.status not in expected(cell, by_method):
            wrong.append(f"{cell}, not {expected(cell, by_method)}")
        if cell.answer.status == 404 and b"support-desk" in cell.answer.content:
            wrong.append(f"{cell}: names the project")
    assert wrong == []


def expected(cell: Cell, by_method: dict[str, ladder.Rung]) -> set[int]:
    """What the table of roles says; a session is needed, and tokens are none."""
    if cell.actor == "anonymous" or cell.actor in TOKENS:
        return {302}
    rung = by_method.get(cell.method) or (by_method.get("GET") if cell.method == "HEAD" else None)
    wrong_method = {405} if cell.method not in by_method else set()
    if rung is None:
        return wrong_method
    if cell.actor not in {*ROLES, NARROWED}:
        return {404} | wrong_method
    if rung.action not in TABLE[role_of(cell.actor, rung)]:
        return {403} | wrong_method
    return {*rung.answers} | wrong_method | ({200} if cell.fragment else set())


def role_of(actor: str, rung: ladder.Rung) -> Role:
    """As what somebody asks: by their role in the environment, where the address is about one."""
    if actor != NARROWED:
        return ROLES[actor]
    return Role.VIEWER if IN_A_PLACE.intersection(rung.arguments) and rung.action not in EVERYWHERE else Role.OWNER


@pytest.mark.parametrize("name", PERSONAL)
def test_what_is_ones_own_asks_for_a_person(name: str, world: World) -> None:
    wrong = []
    for cell in cells(world, reverse(name, args=PERSONAL[name]), ONE_PERSON):
        wrong += wrong_in(cell)
        leads = cell.answer.headers.get("Location", "")
        sent_away = cell.answer.status == 302 and leads.startswith(reverse("sign-in"))
        if cell.actor in {"anonymous", *TOKENS} and not sent_away:
            wrong.append(f"{cell}, not to sign in")
    assert wrong == []


@pytest.mark.parametrize("name", OPEN)
def test_what_is_open_says_nothing_of_projects(name: str, world: World) -> None:
    wrong = []
    for cell in cells(world, reverse(name, args=OPEN[name]), ONE_PERSON):
        wrong += wrong_in(cell)
        if cell.actor != "owner" and b"support-desk" in cell.answer.content:
            wrong.append(f"{cell}: names a project")
    assert wrong == []


@pytest.mark.parametrize("name", ladder.ADMINISTRATIVE)
def test_what_belongs_to_no_project_is_for_administrators(name: str, world: World) -> None:
    method, arguments = ladder.ADMINISTRATIVE[name]
    wrong = []
    for cell in cells(world, reverse(name, args=arguments)):
        wrong += wrong_in(cell)
        if cell.actor == "anonymous" or cell.actor in TOKENS:
            right = {302}
        elif cell.method == method:
            right = {200, 302, 422} if cell.actor == "administrator" else {404}
        else:
            right = {405} if cell.method != "HEAD" else {200, 404, 405}
        if cell.answer.status not in right:
            wrong.append(f"{cell}, not {right}")
    assert wrong == []


@pytest.mark.parametrize("name", addresses.API)
def test_the_api_answers_tokens_alone(name: str, world: World) -> None:
    [view] = [route.view for route in routes() if route.name == name]
    endpoints = endpoints_of(view)
    names = {
        "slug": world.ours.slug,
        "environment": world.names["environment"],
        "deployment": world.names["deployment"],
        "incident": world.names["incident"],
    }
    url = reverse(name, args=[each.format(**names) for each in addresses.API[name]])
    wrong = []
    for cell in cells(world, url, data={}):
        wrong += wrong_in(cell)
        status = cell.answer.status
        if name == "api-nowhere":
            right = status == 404
        elif cell.actor not in TOKENS:
            right = status == 401
        elif cell.method not in endpoints:
            right = status == 405
        elif endpoints[cell.method].action in TABLE[TOKENS[cell.actor]] & FOR_TOKENS:
            right = status < 500 and status not in {401, 403, 405}
        else:
            right = status == 403
        if not right:
            wrong.append(str(cell))
    assert wrong == []
