"""Passkeys in a browser: under our content security policy, with an authenticator that Chromium plays."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.house.conftest import Copy

pytestmark = [pytest.mark.browser, pytest.mark.processes]
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_a_passkey_is_added_and_signs_in_alone_and_as_second_step(chromium: Browser, demo: Copy) -> None:
    context = chromium.new_context(base_url=f"http://localhost:{demo.port}")  # browsers want a name
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})

    def password() -> None:
        page.goto("/sign-in/")
        page.get_by_label("Username").fill("viewer")
        page.get_by_label("Password").fill("viewer-demo")
        page.get_by_role("button", name="Sign in", exact=True).click()

    def leave() -> None:
        page.goto("/sign-out/")
        page.get_by_role("main").get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    password()
    page.goto("/account/passkeys/add/")
    page.get_by_label("Password").fill("viewer-demo")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    leave()

    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Projects", exact=True)).to_be_visible()
    leave()

    password()
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    page.get_by_role("button", name="Use a passkey or security key").click()
    expect(page.get_by_role("heading", name="Projects", exact=True)).to_be_visible()
    context.close()
    assert complaints == []
