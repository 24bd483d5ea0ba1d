"""A real Chromium in front of a real copy of strandsweb."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.house.conftest import Copy

# As root, and without any of the calls home that Chromium makes by itself.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")  # while Playwright runs, Django takes every test in this process for asynchronous
def chromium() -> Iterator[Browser]:
    """The machine's own browser; without one these tests are skipped, and `make test` says so loudly."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """`make run` with the demo in it."""
    copy = Copy(Path(tmp_path_factory.mktemp("demo")), demo=True)
    try:
        copy.ready()
        yield copy
    finally:
        copy.end(signal.SIGTERM)


@pytest.fixture
def sign_in(chromium: Browser, demo: Copy) -> Iterator[Callable[[str], Page]]:
    """Opens a window of its own for a demo account; a script error or a refused resource in any of them fails."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_as(name: str) -> Page:
        context = chromium.new_context(base_url=f"http://127.0.0.1:{demo.port}")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto("/")
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password").fill(f"{name}-demo")
        page.get_by_label("Password").press("Enter")
        expect(page.get_by_role("heading", name="Projects", exact=True)).to_be_visible()
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert complaints == []
