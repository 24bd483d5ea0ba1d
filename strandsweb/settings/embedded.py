"""Everything on one machine with nothing installed: SQLite, a broker and an AWS sandbox started beside it.

`make run` starts the processes and writes `DATA_DIR/run.json`; a command run from the shell finds them there.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

from strandsweb.settings.base import *  # noqa: F403 - settings modules are layered by star import
from strandsweb.settings.base import BASE_DIR
from strandsweb.settings.environment import cache, channel_layer, site, text, words

EMBEDDED = True
DEBUG = os.environ.get("DEBUG") == "1"
DATA_DIR = Path(text("DATA_DIR", str(BASE_DIR / "var"))).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)


def _secret_key() -> str:
    """A random key kept in the data directory, so that sessions survive a restart."""
    path = DATA_DIR / "secret-key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))
    return path.read_text()


def _running() -> dict[str, Any]:
    """The addresses of a `make run` on the same data directory, if there is one."""
    try:
        running: dict[str, Any] = json.loads((DATA_DIR / "run.json").read_text())
        os.kill(running["pids"]["parent"], 0)  # killed parents leave the file behind
    except (OSError, ValueError, KeyError):
        return {}
    return running


_run = _running()
SECRET_KEY = os.environ.get("SECRET_KEY") or _secret_key()
SITE_URL = site(_run.get("web") or f"http://127.0.0.1:{text('PORT', '8000')}")
ALLOWED_HOSTS = words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1],testserver")
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA_DIR / "db.sqlite3",
        "OPTIONS": {
            # Measured: with these, eight writers at once see no lock error; with the defaults, thousands.
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
}
BROKER_URL = os.environ.get("BROKER_URL") or _run.get("broker", "")
CELERY_BROKER_URL = BROKER_URL or "memory://"
CHANNEL_LAYERS = (
    channel_layer(BROKER_URL) if BROKER_URL else {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
)
CACHES = cache(BROKER_URL) if BROKER_URL else {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# Nothing is sent from a machine with nothing installed: mails are files.
MAIL = True
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = DATA_DIR / "mail"
DEFAULT_FROM_EMAIL = "strandsweb@localhost"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True  # http://localhost

# The AWS everything is deployed to. Empty: nobody runs a sandbox; shell commands then start one for themselves.
AWS_ENDPOINT_URL = os.environ.get("AWS_ENDPOINT_URL") or _run.get("sandbox", "")
SERVER_CREDENTIALS = True
HISTORY_STORE = text("HISTORY_STORE", "s3")
HISTORY_BUCKET = text("HISTORY_BUCKET", "strandsweb-history")
HISTORY_SIGNING_KEY = text("HISTORY_SIGNING_KEY", str(DATA_DIR / "history-key.pem"))  # made with the first record
HISTORY_KMS_KEY = text("HISTORY_KMS_KEY", "")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": DATA_DIR / "files"}},
    "sources": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "sources"},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
