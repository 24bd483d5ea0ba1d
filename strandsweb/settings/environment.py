"""Reading settings from environment variables, with errors that name the variable."""

from __future__ import annotations

import os
import re
from ipaddress import ip_network
from typing import Any

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str | None = None) -> str:
    """The variable's value; without a default it must be set and not empty."""
    value = os.environ.get(name, "")
    if value:
        return value
    if default is None:
        raise ImproperlyConfigured(f"Set the environment variable {name}.")
    return default


def number(name: str, default: str, *, least: int = 0) -> int:
    """A whole number, at least that."""
    said = text(name, default)
    if not (said.isascii() and said.isdigit() and len(said) < 10 and int(said) >= least):
        raise ImproperlyConfigured(f"{name} is a whole number from {least} on, not {said!r}.")
    return int(said)


def words(name: str, default: str | None = None) -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def networks(name: str) -> list[str]:
    """A comma-separated list of networks like `10.1.0.0/16`; none when it is not set."""
    found = words(name, "")
    try:
        return [str(ip_network(each)) for each in found]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}.") from None


def site(default: str | None = None) -> str:
    """SITE_URL: how people reach the pages, for links in messages; without a slash at its end."""
    url = text("SITE_URL", default).rstrip("/")
    if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d+)?|https?://\[[0-9a-fA-F:]+\](:\d+)?", url):
        raise ImproperlyConfigured("SITE_URL looks like https://strandsweb.example.com.")
    return url


def channel_layer(broker_url: str) -> dict[str, Any]:
    """Channels over the broker.

    Pub/sub, not lists: redis-py ends a blocking read after five seconds, and with it every idle socket.
    """
    return {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [broker_url], "prefix": "strandsweb"},
        }
    }


def cache(broker_url: str) -> dict[str, Any]:
    """What several processes count together (attempts to sign in ...), in the broker."""
    return {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": broker_url,
            "KEY_PREFIX": "strandsweb-cache",
        }
    }
