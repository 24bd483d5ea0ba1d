"""A recorded run in a browser: played, scrubbed, stepped by keys, beside another, and without JavaScript."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.house.conftest import Copy

pytestmark = [pytest.mark.browser, pytest.mark.processes]
PROJECT = "/projects/support-desk"
Staged = tuple[Copy, dict[str, Any]]


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staged]:
    """A copy without the demo, and which runs are in it."""
    copy = Copy(Path(tmp_path_factory.mktemp("replay")))
    try:
        copy.ready()
        yield copy, copy.told_by("tests.replaying.staged")
    finally:
        copy.end(signal.SIGTERM)


def opened(chromium: Browser, staged: Staged, **options: Any) -> BrowserContext:
    copy, facts = staged
    base = f"http://127.0.0.1:{copy.port}"
    context = chromium.new_context(base_url=base, **options)
    context.add_cookies([{"name": facts["cookie"], "value": facts["owner"], "url": base}])
    return context


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """A busy machine takes its time."""
    expect.set_options(timeout=30_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def page(chromium: Browser, staged: Staged) -> Iterator[Page]:
    """The owner's window; any complaint of the browser's fails."""
    context, wrong = opened(chromium, staged), list[str]()
    page = context.new_page()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    assert wrong == []


def section(page: Page, name: str = "run") -> str:
    """The run's part of the page as it is in the browser now, without the prefix of its ids."""
    html = str(page.locator(f"#{name}").evaluate("element => element.outerHTML"))
    prefix = name.removesuffix("run")
    return re.sub(r"\s+", " ", re.sub(r">\s+<", "><", html.replace(f'"{prefix}', '"')))


def test_a_replay_ends_as_the_page_that_was_live(page: Page, staged: Staged) -> None:
    run = staged[1]["runs"]["failed"]
    page.goto(f"{PROJECT}/deployments/{run}/")
    live = section(page)
    page.get_by_role("link", name="Replay").click()
    where = page.locator("#replay-where")
    expect(where).to_have_text("0 ms of 7.3 s · event 0 of 29")
    page.get_by_label("Speed").select_option("60")
    page.get_by_role("button", name="Play").click()
    expect(where).to_have_text("7.3 s of 7.3 s · event 29 of 29")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    assert section(page) == live
    expect(page).to_have_url(re.compile(r"\?at=29$"))

    # To the failure; the address leads there, and shows what playing there shows.
    page.get_by_role("link", name="The failure").click()
    expect(where).to_contain_text("event 14 of 29")
    expect(page).to_have_url(re.compile(r"\?at=14$"))
    expect(page.locator("#run")).to_contain_text("Create of echo-1 is denied")
    there = section(page)
    page.reload()
    assert section(page) == there

    # By keys, and by the slider.
    slider = page.get_by_label("Time into the run")
    for key, number in (("ArrowRight", 15), ("ArrowLeft", 14), ("ArrowLeft", 13), ("f", 14), ("End", 29), ("Home", 0)):
        slider.press(key)
        expect(where).to_contain_text(f"event {number} of 29")
    slider.fill("1507")
    expect(where).to_have_text("1.5 s of 7.3 s · event 6 of 29")
    assert page.locator("#step-update_3a_Alpha").get_attribute("data-status") == "succeeded"

    # Playing on from there at its own pace, and again from the start once it is over.
    page.get_by_label("Speed").select_option("1")
    page.get_by_label("Skip idle time").uncheck()
    slider.press(" ")
    expect(where).to_have_text(re.compile(r"event (7|8|9|[12]\d) of 29$"))
    slider.press(" ")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    slider.press("End")
    expect(where).to_contain_text("event 29 of 29")
    page.get_by_label("Speed").select_option("2")
    page.get_by_role("button", name="Play").click()
    expect(where).not_to_contain_text("event 29")
    expect(where).to_contain_text("event 29")
    assert section(page) == live


def test_two_runs_end_as_each_alone(page: Page, staged: Staged) -> None:
    runs = staged[1]["runs"]
    alone = {}
    for side, name in (("left", "failed"), ("right", "taken-up-and-cancelled")):
        page.goto(f"{PROJECT}/records/{runs[name]}/replay/?go=end")
        alone[side] = section(page)
    page.goto(f"{PROJECT}/replay/?left={runs['failed']}&right={runs['taken-up-and-cancelled']}")
    page.get_by_label("Speed").select_option("10")
    page.get_by_role("button", name="Play").click()
    expect(page.locator("#replay-where")).to_have_text("7.9 s of 7.9 s")
    for side, told in alone.items():
        assert section(page, f"{side}-run") == told
    expect(page.get_by_role("heading", name="Where the time went")).to_be_visible()


def test_the_log_is_searched_and_copied(page: Page, staged: Staged) -> None:
    page.add_init_script("navigator.clipboard.writeText = async (text) => { window.copied = text }")
    page.goto(f"{PROJECT}/deployments/{staged[1]['runs']['failed']}/log/")
    page.get_by_label("Search in the log").fill("denied")
    expect(page.locator(".log-line")).to_have_count(2)
    expect(page).to_have_url(re.compile("text=denied"))
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#announce")).to_have_text("Copied 2 lines")
    copied = page.evaluate("copied").splitlines()
    assert len(copied) == 2
    assert copied[1].endswith("error Echo create failed: Create of echo-1 is denied")
    page.locator(".log-line").nth(1).get_by_role("link").click()
    expect(page.locator(".log-asked")).to_contain_text("Create of echo-1 is denied")
    expect(page.locator(".log-line")).to_have_count(29)


def test_without_javascript_links_lead_through_the_run(chromium: Browser, staged: Staged) -> None:
    context = opened(chromium, staged, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{PROJECT}/records/{staged[1]['runs']['failed']}/replay/")
    expect(page.get_by_role("button", name="Play")).to_be_hidden()
    for link, number in (("The failure", 14), ("The event after", 15), ("To the end", 29), ("To the start", 0)):
        page.get_by_role("link", name=link, exact=True).click()
        expect(page.locator("#replay-where")).to_contain_text(f"event {number} of 29")
    context.close()
