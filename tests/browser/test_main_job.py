"""The main job in a browser: edit, plan, a second person approves, watch it live, call the API, compare, go back."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.processes]
SignIn = Callable[[str], Page]
RUN_MILLISECONDS = 60_000


def text_of(page: Page) -> str:
    """The deployment as the page shows it, without what depends on the moment of looking."""
    shown = page.locator("#deployment").inner_text()
    return re.sub(r"(\d+ (second|minute)s? ago|just now|now)", "then", shown)


def edit_memory(page: Page, before: str, after: str) -> None:
    page.goto("/projects/support-desk/configuration/edit/")
    editor = page.get_by_label("strands.yaml")
    text = editor.input_value()
    assert before in text
    editor.fill(text.replace(before, "memory: lots", 1))
    expect(page.get_by_label("Problems")).to_contain_text("to mend")
    editor.fill(text.replace(before, after, 1))
    expect(page.get_by_label("Problems")).to_contain_text("Valid")
    page.get_by_role("button", name="Review changes").click()
    expect(page.get_by_role("main")).to_contain_text(after)
    page.get_by_label("What changes, and why").fill(f"{before} to {after}")
    page.get_by_role("button", name="Save revision").click()


def propose(page: Page, environment: str) -> None:
    page.goto(f"/projects/support-desk/environments/{environment}/plan/")
    page.get_by_role("button", name="Plan").click()
    expect(page.locator("#plan")).to_be_visible(timeout=RUN_MILLISECONDS)


def succeeds(page: Page) -> None:
    """The page gets there by itself."""
    expect(page.locator(".deployment-status")).to_contain_text("succeeded", timeout=RUN_MILLISECONDS)
    expect(page.get_by_role("link", name="Record")).to_be_visible(timeout=RUN_MILLISECONDS)


def test_the_main_job(sign_in: SignIn) -> None:
    deployer, approver = sign_in("deployer"), sign_in("approver")

    # prod is new and protected: whoever proposed cannot approve, a second person can.
    propose(deployer, "prod")
    expect(deployer.locator("#approval")).to_contain_text("Only approvers and owners")
    expect(deployer.get_by_role("button", name="Approve this plan")).to_have_count(0)
    first = deployer.url
    approver.goto(first)
    expect(approver.locator("#plan")).to_contain_text("CustomerSupportFunction")
    approver.get_by_label("Comment").fill("Looks right")
    approver.get_by_role("button", name="Approve this plan").click()
    expect(approver.locator("#approval")).to_contain_text("approver approved")

    # The deployer's page hears of the approval without a reload, and then follows the run to its end.
    deployer.get_by_role("button", name="Deploy").click(timeout=RUN_MILLISECONDS)
    expect(deployer.locator("#run")).to_be_visible(timeout=RUN_MILLISECONDS)
    succeeds(deployer)
    succeeds(approver)
    followed = text_of(deployer)
    deployer.reload()
    assert text_of(deployer) == followed, "the page that followed equals a fresh one"

    # The agents that were deployed answer.
    deployer.goto("/projects/support-desk/environments/prod/")
    deployer.get_by_label("JSON body").fill('{"customer": "c-7", "question": "Where is my invoice?"}')
    deployer.get_by_role("button", name="Send").click()
    expect(deployer.locator("#try .answer")).to_contain_text("200", timeout=RUN_MILLISECONDS)
    expect(deployer.locator("#try .answer")).to_contain_text('"answer"')

    # A change of one property is one update.
    edit_memory(deployer, "memory: 1024", "memory: 2048")
    propose(deployer, "prod")
    expect(deployer.locator("#plan-title")).to_contain_text("1 to update")
    row = deployer.locator("#plan .plan-row", has_text="CustomerSupportFunction")
    expect(row).to_contain_text("MemorySize")
    expect(row).to_contain_text("1024")
    expect(row).to_contain_text("2048")
    approver.goto(deployer.url)
    approver.get_by_role("button", name="Approve this plan").click()
    deployer.get_by_role("button", name="Deploy").click(timeout=RUN_MILLISECONDS)
    succeeds(deployer)

    # Compare with the one before, then go back to it.
    deployer.get_by_role("link", name="Compare with the previous").click()
    expect(deployer.get_by_role("main")).to_contain_text("MemorySize")
    expect(deployer.get_by_role("main")).to_contain_text("2048")
    deployer.goto(first)
    deployer.get_by_role("link", name="Roll back to this").click()
    deployer.get_by_label("What is wrong with what is there now").fill("Too much memory")
    deployer.get_by_role("main").get_by_role("button").last.click()
    expect(deployer.locator("#plan-title")).to_contain_text("1 to update", timeout=RUN_MILLISECONDS)
    approver.goto(deployer.url)
    approver.get_by_role("button", name="Approve this plan").click()
    deployer.get_by_role("button", name="Roll back").click(timeout=RUN_MILLISECONDS)
    succeeds(deployer)

    # What is really there is what is recorded.
    deployer.goto("/projects/support-desk/compare/?to=live:prod")
    deployer.get_by_role("button", name="Read what is live").click()
    expect(deployer.locator("#comparison")).to_contain_text("Nothing differs", timeout=RUN_MILLISECONDS)

    # What has just been gone back to is what is there.
    deployer.goto("/projects/support-desk/history/?environment=prod")
    expect(deployer.get_by_role("main")).to_contain_text("back to")


def test_without_a_socket_the_page_polls_and_shows_the_same(sign_in: SignIn) -> None:
    page = sign_in("deployer")
    page.route_web_socket(re.compile("/ws/"), lambda socket: socket.close())
    propose(page, "staging")
    page.get_by_role("button", name="Deploy").click()
    expect(page.locator("#live-state")).to_have_text("polling", timeout=RUN_MILLISECONDS)
    succeeds(page)
    followed = text_of(page)
    page.reload()
    assert text_of(page) == followed


def test_an_outsider_finds_nothing(sign_in: SignIn) -> None:
    page = sign_in("outsider")
    expect(page.get_by_role("main")).not_to_contain_text("support-desk")
    for path in ("/projects/support-desk/", "/projects/support-desk/environments/dev/"):
        answer = page.request.get(path)
        assert answer.status == 404
