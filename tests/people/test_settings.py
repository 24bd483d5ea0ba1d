"""Production settings about people: what they demand, and what they refuse."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

GOOD = {
    "DJANGO_SETTINGS_MODULE": "strandsweb.settings.production",
    "SECRET_KEY": "k3y-" * 4 + "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJ",
    "ALLOWED_HOSTS": "strandsweb.example.com",
    "SITE_URL": "https://strandsweb.example.com",
    "DATABASE_URL": "postgresql://user@localhost/strandsweb",
    "BROKER_URL": "redis://localhost/0",
    "HISTORY_BUCKET": "history",
    "SOURCES_BUCKET": "sources",
    "HISTORY_KMS_KEY": "arn:aws:kms:eu-west-1:123456789012:key/1",
}
ASK = """
from django.conf import settings as s
print(s.MAIL, s.EMAIL_BACKEND.split('.')[-2], s.ACCOUNT_EMAIL_VERIFICATION, s.ALLAUTH_TRUSTED_PROXY_COUNT,
      s.CACHES['default']['BACKEND'].split('.')[-1], s.ACCOUNT_DEFAULT_HTTP_PROTOCOL)
"""


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "False dummy optional 1 RedisCache https"),
        (
            {"EMAIL_HOST": "mail", "DEFAULT_FROM_EMAIL": "a@example.com", "SIGN_UP": "open"},
            "True smtp mandatory 1 RedisCache https",
        ),
        ({"SIGN_UP": "open"}, "SIGN_UP=open needs EMAIL_HOST"),
        ({"EMAIL_HOST": "mail"}, "Set the environment variable DEFAULT_FROM_EMAIL"),
        ({"HISTORY_KMS_KEY": ""}, "Set one of HISTORY_SIGNING_KEY and HISTORY_KMS_KEY"),
        ({"HISTORY_SIGNING_KEY": "key.pem"}, "Set one of HISTORY_SIGNING_KEY and HISTORY_KMS_KEY"),
        ({"SITE_URL": ""}, "Set the environment variable SITE_URL"),
        ({"SITE_URL": "http://strandsweb.example.com"}, "SITE_URL must be an https address"),
        ({"SITE_URL": "https://strandsweb.example.com/below"}, "SITE_URL looks like"),
        ({"SIGN_IN_PROVIDERS": "okta"}, "SIGN_IN_PROVIDERS is not JSON"),
    ],
    ids=str,
)
def test_what_production_makes_of_it(more: dict[str, str], said: str) -> None:
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", ASK], env=kept | GOOD | more, capture_output=True, text=True, check=False
    )
    assert said in done.stdout + done.stderr
