"""Requests that another site makes a browser send, and what an address or a header may not decide."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.apps import apps
from django.conf import settings
from django.middleware.csrf import _get_new_csrf_string
from django.urls import get_resolver, reverse

from tests.hardening.routes import Route, routes
from tests.hardening.test_matrix import NOTES, OPEN, PERSONAL, RUNGS
from tests.hardening.world import World
from tests.people import addresses
from tests.web import ladder

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parent.parent.parent
ELSEWHERE = (
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "https:evil.example",
    "\thttps://evil.example",
    "javascript:alert(1)//evil.example",
)
LEADING = ("next", "url", "redirect", "redirect_to", "return", "continue", "to", "path", "HX-Current-URL")
MOVES = ("Location", "HX-Redirect", "HX-Location", "HX-Push-Url", "HX-Replace-Url", "Refresh")


def addresses_of_all(world: World) -> dict[str, str]:
    """An address of every route, with things of ours in it."""
    names = {"slug": world.ours.slug} | world.names
    found = {
        name: ladder.address_of(next(iter(rungs.values())), world.ours.slug, world.names)
        for name, rungs in RUNGS.items()
    }
    found |= {name: reverse(name, args=arguments) for name, arguments in (OPEN | PERSONAL).items()}
    found |= {name: reverse(name, args=arguments) for name, (_, arguments) in ladder.ADMINISTRATIVE.items()}
    for name, arguments in addresses.API.items():
        found[name] = reverse(name, args=[each.format(**names) for each in arguments])
    return found


def test_only_programs_are_spared_the_token() -> None:
    spared = {route.name for route in routes() if getattr(route.view, "csrf_exempt", False)}
    assert spared == {*addresses.API}, "a browser sends a session by itself, so every page wants the token"


@pytest.mark.parametrize("fragment", [False, True], ids=["page", "fragment"])
def test_no_post_passes_without_the_token(fragment: bool, world: World) -> None:
    for name, url in addresses_of_all(world).items():
        if name in addresses.API:
            continue
        forged = {"csrfmiddlewaretoken": "x" * 64} if fragment else {}
        answer = world.send(world.client("owner", enforce_csrf_checks=True), "POST", url, forged, fragment=fragment)
        assert answer.status == 403, (name, answer.status)
        assert answer.written <= NOTES, name


def test_a_post_of_our_own_pages_passes_by_header_and_by_field(world: World) -> None:
    secret = _get_new_csrf_string()
    for name, rungs in RUNGS.items():
        if "POST" not in rungs:
            continue
        url = ladder.address_of(rungs["POST"], world.ours.slug, world.names)
        by_field: dict[str, Any] = {"data": rungs["POST"].data | {"csrfmiddlewaretoken": secret}}
        by_header: dict[str, Any] = {"data": rungs["POST"].data, "HTTP_X_CSRFTOKEN": secret, "HTTP_HX_REQUEST": "true"}
        for sent in (by_field, by_header):
            client = world.client("owner", enforce_csrf_checks=True)
            client.cookies[settings.CSRF_COOKIE_NAME] = secret
            assert world.send(client, "POST", url, **sent).status != 403, name
            forged = world.send(client, "POST", url, HTTP_ORIGIN="https://evil.example", **sent)
            assert forged.status == 403, f"{name} takes a post from another site that knows the token"


@pytest.mark.parametrize("first", range(0, len(ELSEWHERE), 2))
def test_no_address_sends_a_browser_elsewhere(first: int, world: World) -> None:
    said = dict(zip(LEADING, [*ELSEWHERE[first:], *ELSEWHERE] * 2, strict=False))
    for name, url in addresses_of_all(world).items():
        for actor, method in (("anonymous", "GET"), ("owner", "GET"), ("owner", "POST")):
            answer = world.ask(actor, method, f"{url}?{urlencode(said)}", said)
            _stays(name, answer.headers)
            if answer.is_page:
                leads = re.search(rb"(href|action|src|url)=[\"']?[^\"'>]*evil\.example", _without_query(answer.content))
                assert leads is None, (name, leads)


def _without_query(content: bytes) -> bytes:
    """Addresses of ours may repeat a query in their own: what counts is where they lead."""
    return re.sub(rb"\?[^\"' >]*", b"", content)


def _stays(name: str, headers: Any) -> None:
    for move in MOVES:
        leads = headers.get(move, "")
        assert urlsplit(leads).netloc in {"", "testserver"}, (name, move, leads)
        assert not leads.strip().startswith(("//", "/\\", "\\", "javascript:")), (name, move, leads)


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_signing_in_and_out_stays_here(wanted: str, world: World) -> None:
    said = {"username": "owner", "password": "owner", "next": wanted}
    for url in (reverse("sign-in"), f"{reverse('sign-in')}?{urlencode({'next': wanted})}"):
        answer = world.ask("anonymous", "POST", url, said)
        assert answer.status == 302
        _stays("sign-in", answer.headers)
    for name in ("sign-out", "account_reauthenticate"):
        answer = world.ask("owner", "POST", f"{reverse(name)}?{urlencode({'next': wanted})}", said)
        assert answer.status == 302, name
        _stays(name, answer.headers)


def test_signing_in_leads_on_to_a_page_of_ours(world: World) -> None:
    said = {"username": "owner", "password": "owner", "next": "/inbox/"}
    assert world.ask("anonymous", "POST", reverse("sign-in"), said).headers["Location"] == "/inbox/"


@pytest.mark.parametrize(
    "host", ["evil.example", "testserver.evil.example", "testserver@evil.example", "testserver:80:x"]
)
def test_another_host_name_is_refused(host: str, world: World) -> None:
    for name, url in addresses_of_all(world).items():
        if name not in ladder.OPEN:
            continue
        answer = world.send(world.client("owner"), "GET", url, HTTP_HOST=host)
        assert answer.status == 400 or name == "healthz", name
        assert b"evil" not in answer.content


def test_what_a_proxy_header_says_of_the_host_is_not_believed(world: World) -> None:
    for header in (
        "HTTP_X_FORWARDED_HOST",
        "HTTP_X_HOST",
        "HTTP_FORWARDED",
        "HTTP_X_ORIGINAL_URL",
        "HTTP_X_REWRITE_URL",
    ):
        for name in ("sign-in", "account_reset_password", "members"):
            url = addresses_of_all(world)[name]
            answer = world.send(world.client("owner"), "GET", url, **{header: "evil.example"})
            assert b"evil.example" not in answer.content, (header, name)


def asked_for() -> list[str]:
    """The names of all parameters that our code reads from a query, or from what is posted, without a form."""
    names: set[str] = set()
    for folder in ("projects", "deployments", "history", "strandsweb"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text()
            names.update(re.findall(r"""(?:GET|POST|sent)\.get(?:list)?\(\s*["'](\w+)["']""", text))
            names.update(re.findall(r"""asked\(request, ["'](\w+)["']""", text))
    return sorted(names | {"status", "kind", "person", "environment", "text", "actor", "deed", "page", "q"})


NONSENSE = ("\0", "9" * 30, "-1", "' OR 1=1 --", "%s%n{0}${7*7}", "\u202e<b>", "\ud800", "x" * 5000, "2026-13-45", "٣")


@pytest.mark.parametrize("nonsense", NONSENSE, ids=ascii)
def test_nonsense_in_a_query_is_no_fault_of_ours(nonsense: str, world: World) -> None:
    query = urlencode(dict.fromkeys(asked_for(), nonsense), errors="surrogatepass")
    for name, url in addresses_of_all(world).items():
        if name not in RUNGS or "GET" in RUNGS[name]:
            actor = "personal token" if name in addresses.API else "owner"
            answer = world.ask(actor, "GET", f"{url}?{query}")
            assert answer.status < 500 or name == "readyz", (name, answer.fault)


@pytest.mark.parametrize("nonsense", ["\0", "9" * 30])
def test_nonsense_in_a_post_is_no_fault_of_ours(nonsense: str, world: World) -> None:
    said = dict.fromkeys([field.name for model in apps.get_models() for field in model._meta.fields], nonsense)
    said |= dict.fromkeys(asked_for(), nonsense)
    for name, url in addresses_of_all(world).items():
        if name not in RUNGS or "POST" in RUNGS[name]:
            answer = world.ask("owner", "POST", url, said)
            assert answer.status < 500 or name == "readyz", (name, answer.fault)


def test_nonsense_in_an_address_is_no_fault_of_ours(world: World) -> None:
    for route in routes():
        if set(route.parameters) - {"slug"}:
            for text in ("%00", "%F0%28%8C%28", "9" * 30, "..%2f..%2fetc%2fpasswd", "-1", "%E2%80%AE"):
                actor = "personal token" if route.name in addresses.API else "owner"
                answer = world.ask(actor, "GET", nonsense_address(route, text, world))
                assert answer.status < 500, (route.name, text, answer.fault)


def nonsense_address(route: Route, text: str, world: World) -> str:
    """The route's address with that text in place of everything but the project's name."""
    template, _ = get_resolver().reverse_dict.getlist(route.name)[0][0][0]
    said = {name: world.ours.slug if name == "slug" else "MARK" for name in route.parameters}
    return "/" + (template % said).replace("MARK", text)
