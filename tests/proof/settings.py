"""The embedded settings as the proof's processes want them: short leases, no broker, any database."""

from __future__ import annotations

import os

import dj_database_url

from strandsweb.settings.embedded import *  # noqa: F403 - settings modules are layered by star import

LEASE_SECONDS = float(os.environ.get("LEASE_SECONDS", "0.4"))
CELERY_BROKER_URL = "memory://"
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if os.environ.get("DATABASE_URL"):
    DATABASES = {"default": dj_database_url.parse(os.environ["DATABASE_URL"])}
