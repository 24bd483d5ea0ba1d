"""What production tells browsers: cookies over TLS alone, and TLS for a year; a cookie is no key to anything else."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.people.test_settings import GOOD

ASK = """
import json
from django.conf import settings as s
names = [name for name in dir(s) if name.isupper()]
print(json.dumps({name: getattr(s, name) for name in names if isinstance(getattr(s, name), (bool, int, str))}))
"""


def settings_of(**more: str) -> dict[str, object]:
    """Production's settings in a process of their own."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", ASK], env=kept | GOOD | more, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_production_is_for_tls_alone() -> None:
    found = settings_of()
    assert found["DEBUG"] is False
    for name in (
        "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_SECURE",
        "SECURE_SSL_REDIRECT",
        "SECURE_HSTS_INCLUDE_SUBDOMAINS",
    ):
        assert found[name] is True, name
    assert int(str(found["SECURE_HSTS_SECONDS"])) >= 365 * 24 * 3600
    assert str(found["SITE_URL"]).startswith("https://")


def test_cookies_are_for_the_server_and_for_this_site() -> None:
    found = settings_of()
    for cookie in ("SESSION", "CSRF"):
        assert found[f"{cookie}_COOKIE_HTTPONLY"] is True
        assert found[f"{cookie}_COOKIE_SAMESITE"] == "Lax"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALLOWED_HOSTS", "*"),
        ("INSECURE_HTTP", "1"),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "django-insecure-" + "x" * 60),
    ],
)
def test_production_does_not_start_insecure(name: str, value: str) -> None:
    with pytest.raises(AssertionError, match="ImproperlyConfigured"):
        settings_of(**{name: value})
