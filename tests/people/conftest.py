"""Browsers, mails, clocks and second steps of people."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from django.urls import reverse

from projects.models import User

SignIn = Callable[..., Client]


@pytest.fixture
def sign_in(db: None) -> SignIn:
    """A browser in which that person typed their name and password."""

    def browser(user: User, password: str = "") -> Client:
        client = Client()
        answer = client.post(reverse("sign-in"), {"username": user.username, "password": password or user.username})
        assert answer.status_code == 302, answer.content.decode()
        return client

    return browser


@pytest.fixture
def proven(sign_in: SignIn) -> SignIn:
    """The same, having just proved again that it is them."""

    def browser(user: User) -> Client:
        client = sign_in(user)
        again = client.post(reverse("account_reauthenticate"), {"password": user.username})
        assert again.status_code == 302, again.content.decode()
        return client

    return browser


@pytest.fixture
def counting(settings: Any) -> None:
    """Attempts are counted, as in a real installation."""
    from django.core.cache import cache

    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "people"}}
    cache.clear()


def link_in_last_mail() -> str:
    """The path of the link in the mail that was sent last."""
    [found] = re.findall(re.escape(settings.SITE_URL) + r"(/\S+)", str(mail.outbox[-1].body))
    return found
