"""Second steps: an app, recovery codes, passkeys."""

from __future__ import annotations

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.test import Client
from django.urls import reverse

from projects.models import User
from projects.people.sealing import seal, unseal
from tests.people.conftest import SignIn

pytestmark = pytest.mark.django_db


def code_of(secret: str, ahead: int = 0) -> str:
    """What the app shows now, or so many half minutes later."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + ahead))


def begin(user: User) -> Client:
    """A browser that knows the password, and is asked for the second step."""
    client = Client()
    answer = client.post(reverse("sign-in"), {"username": user.username, "password": user.username})
    assert answer["Location"] == reverse("mfa_authenticate")
    assert client.get(reverse("projects")).status_code == 302, "the password alone opens nothing"
    return client


def test_secrets_are_sealed_in_the_database(alice: User) -> None:
    TOTP.activate(alice, "SECRETSECRET")
    RecoveryCodes.activate(alice)
    for row in Authenticator.objects.all():
        assert "SECRETSECRET" not in str(row.data)
        sealed = row.data.get("secret") or row.data["seed"]
        assert sealed.startswith("gAAAA")
    assert unseal(seal("x")) == "x" and seal("x") != seal("x")


def test_an_app_is_set_up_used_and_removed(alice: User, proven: SignIn) -> None:
    client = proven(alice)
    page = client.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    assert "data:image/svg+xml" in page.content.decode()
    assert client.post(reverse("mfa_activate_totp"), {"code": "000000"}).status_code == 422
    done = client.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})
    assert done["Location"] == reverse("mfa_view_recovery_codes")
    codes = client.get(done["Location"])
    assert len(codes.context["unused_codes"]) == 10
    assert "in use" in client.get(reverse("mfa_index")).content.decode()

    asked = begin(alice)
    wrong = asked.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert wrong.status_code == 422 and "This code is not right" in wrong.content.decode()
    assert asked.post(reverse("mfa_authenticate"), {"code": code_of(secret, 1)}).status_code == 302
    assert asked.get(reverse("projects")).status_code == 200

    client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.filter(type="totp").exists()


def test_a_recovery_code_works_once(alice: User) -> None:
    TOTP.activate(alice, "JBSWY3DPEHPK3PXP")
    code = RecoveryCodes.activate(alice).get_unused_codes()[0]
    assert begin(alice).post(reverse("mfa_authenticate"), {"code": code}).status_code == 302
    assert begin(alice).post(reverse("mfa_authenticate"), {"code": code}).status_code == 422


def test_an_apps_code_works_once(alice: User, counting: None) -> None:
    TOTP.activate(alice, "JBSWY3DPEHPK3PXP")
    code = code_of("JBSWY3DPEHPK3PXP")
    assert begin(alice).post(reverse("mfa_authenticate"), {"code": code}).status_code == 302
    assert begin(alice).post(reverse("mfa_authenticate"), {"code": code}).status_code == 422


def test_passkey_pages_carry_no_inline_script(alice: User, proven: SignIn) -> None:
    page = proven(alice).get(reverse("mfa_add_webauthn"))
    assert 'type="application/json"' in page.content.decode()
    assert "js/passkeys.js" in page.content.decode()
    assert "unsafe" not in page["Content-Security-Policy"]
    offered = Client().get(reverse("mfa_login_webauthn"), headers={"Accept": "application/json"})
    assert offered.json()["request_options"]["publicKey"]["challenge"]


@pytest.mark.parametrize(
    "credential", ["", "x", "null", "[]", '"a"', "{}", '{"id": "x"}', '{"response": null}', '{"id": 1, "rawId": {}}']
)
def test_a_malformed_passkey_is_refused(credential: str, alice: User, proven: SignIn) -> None:
    url = reverse("mfa_login_webauthn")
    assert Client().post(url, {"credential": credential})["Location"] == reverse("sign-in")
    TOTP.activate(alice, "JBSWY3DPEHPK3PXP")
    assert begin(alice).post(reverse("mfa_authenticate"), {"credential": credential}).status_code == 422
    Authenticator.objects.all().delete()
    assert proven(alice).post(reverse("mfa_add_webauthn"), {"credential": credential}).status_code == 422
