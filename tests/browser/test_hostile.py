"""Hostile text in everything that anybody may write: every page shows it, and none runs it."""

from __future__ import annotations

import base64
import os
import signal
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.hardening.planting import MARK
from tests.house.conftest import Copy

pytestmark = [pytest.mark.browser, pytest.mark.processes]

LOOK = """() => ({
    ran: window.__pwned !== undefined,
    markup: document.querySelectorAll("[MARK], img[src='x'], img[src^='http']").length,
    leads: [...document.querySelectorAll("a, form, use, img, script, link")]
        .map((each) => each.getAttribute("href") || each.getAttribute("action") || each.getAttribute("src") || "")
        .filter((each) => /^\\s*(javascript|vbscript|data:text)/i.test(each)),
    escapes: [...document.querySelectorAll(".log-line")].some((each) => each.textContent.includes("\\u001b")),
    shown: document.body.innerText.includes("MARK"),
})""".replace("MARK", MARK)
WATCH = """document.addEventListener("securitypolicyviolation", (event) =>
    console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`))"""
TOUCH = """() => {
    document.querySelectorAll("details").forEach((each) => { each.open = true })
    document.querySelectorAll("main a, main td, main summary, main button[type=button]").forEach((each) =>
        ["mouseover", "focusin"].forEach((name) => each.dispatchEvent(new MouseEvent(name, {bubbles: true}))))
}"""


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Copy, dict[str, Any]]]:
    """A copy without the demo, and what was planted in it."""
    copy = Copy(Path(tmp_path_factory.mktemp("hostile")))
    try:
        copy.ready()
        yield copy, copy.told_by("tests.hardening.planting")
    finally:
        copy.end(signal.SIGTERM)


def test_every_page_shows_it_and_none_runs_it(chromium: Browser, planted: tuple[Copy, dict[str, Any]]) -> None:
    copy, facts = planted
    base = f"http://127.0.0.1:{copy.port}"
    context = chromium.new_context(base_url=base)
    context.add_cookies([{"name": facts["cookie"], "value": facts["owner"], "url": base}])
    context.add_init_script(WATCH)
    page = context.new_page()
    wrong: list[str] = []
    page.on("dialog", lambda dialog: (wrong.append(f"{page.url}: a dialog"), dialog.dismiss()))
    page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
    page.on("console", lambda said: wrong.append(f"{page.url}: {said.text}") if _is_fault(said) else None)
    page.on(
        "request", lambda asked: None if asked.url.startswith((base, "data:")) else wrong.append(f"asks {asked.url}")
    )
    showing = [name for name, url in facts["pages"].items() if _visit(page, name, url, wrong)]
    context.close()
    assert wrong == [], "\n".join(wrong)
    assert len(showing) >= 30, f"planted where it is never seen: {showing}"
    for needed in ("GET deployment", "failed deployment", "GET record", "GET members", "GET audit", "GET timeline"):
        assert needed in showing, f"{needed} shows nothing of it"


def _is_fault(said: Any) -> bool:
    """Errors but for answers that are no pages: a form refused (422), an address that is none (404)."""
    return said.type == "error" and "Failed to load resource: the server responded with a status of 4" not in said.text


def _visit(page: Page, name: str, url: str, wrong: list[str]) -> bool:
    """Opens the page, what is folded and what is hovered; says whether it shows what was planted."""
    answer = page.request.get(url, max_redirects=0)
    kind = answer.headers.get("content-type", "")
    if answer.status >= 500:
        wrong.append(f"{name}: {answer.status}")
    if not kind.startswith("text/html"):
        if answer.headers.get("x-content-type-options") != "nosniff":
            wrong.append(f"{name}: a browser may take {kind} for a page")
        return False
    if answer.status >= 300:
        return False
    page.goto(url)
    page.evaluate(TOUCH)
    found = page.evaluate(LOOK)
    if found["ran"] or found["markup"] or found["leads"] or found["escapes"]:
        wrong.append(f"{name} {url}: {found}")
    return bool(found["shown"])


@pytest.mark.parametrize(
    ("who", "origin", "status"),
    [
        ("owner", "http://127.0.0.1", 101),
        ("owner", "http://evil.example", 403),
        ("owner", "null", 403),
        ("owner", None, 403),
        ("outsider", "http://127.0.0.1", 403),
        (None, "http://127.0.0.1", 403),
    ],
)
def test_a_real_socket_asks_whose_page_it_is(
    who: str | None, origin: str | None, status: int, planted: tuple[Copy, dict[str, Any]]
) -> None:
    copy, facts = planted
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
    }
    if origin is not None:
        headers["Origin"] = origin
    if who is not None:
        headers["Cookie"] = f"{facts['cookie']}={facts[who]}"
    asked = HTTPConnection("127.0.0.1", copy.port, timeout=20)
    try:
        asked.request("GET", facts["socket"], headers=headers)
        assert asked.getresponse().status == status
    finally:
        asked.close()
