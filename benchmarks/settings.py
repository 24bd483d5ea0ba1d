"""The embedded settings as the processes of an installation want them: no broker, nothing in S3, any database."""

from __future__ import annotations

import os
from pathlib import Path

import dj_database_url

from strandsweb.settings.embedded import *  # noqa: F403 - settings modules are layered by star import

ROOT_URLCONF = "benchmarks.bare"
HISTORY_STORE = "memory"
TEMPLATES[0]["DIRS"].append(Path(__file__).parent / "templates")  # noqa: F405
CELERY_BROKER_URL = "memory://"
if os.environ.get("DATABASE_URL"):
    DATABASES = {"default": dict(dj_database_url.parse(os.environ["DATABASE_URL"]))}
