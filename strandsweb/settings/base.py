"""What holds everywhere; everything that differs between installations comes from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from csp.constants import NONCE, NONE, SELF

from strandsweb.settings.environment import networks, number, text
from strandsweb.settings.people import *  # noqa: F403 - settings modules are layered by star import

BASE_DIR = Path(__file__).resolve().parent.parent.parent

INSTALLED_APPS = [
    "daphne",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "channels",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.github",
    "csp",
    "django_htmx",
    "template_partials",
    "projects",
    "projects.people",
    "projects.audit",
    "history",
    "history.finding",
    "deployments",
    "deployments.telling",
    "deployments.discussing",
    "deployments.comparing",
    "deployments.holding",
    "deployments.timelines",
    "deployments.certificates",
    "strandsweb",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "strandsweb.headers.HeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "strandsweb.nonsense.NonsenseMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "projects.audit.middleware.AuditMiddleware",
    "projects.people.viewing.ViewAsMiddleware",
    "history.expired.ExpiredMiddleware",
]

ROOT_URLCONF = "strandsweb.urls"
ASGI_APPLICATION = "strandsweb.asgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["template_partials.templatetags.partials", "django.templatetags.static"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "deployments.inbox.badge",
                "deployments.deciding.emergencies.banner",
            ],
        },
    }
]

AUTH_USER_MODEL = "projects.User"
FORM_RENDERER = "projects.forms.Renderer"

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# A source bundle is streamed to a temporary file above the first bound and refused above the second
# (projects.bundles holds the bounds of what is inside).
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
SOURCE_MAX_BYTES = 100 * 1024 * 1024

SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True  # pages carry the token, so no script has to read it
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # the look's own small pictures are data addresses in its style sheet
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}

CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    # The rows are the truth: whatever a lost message, a dead worker or a restart left behind is taken up from them.
    "sweep": {"task": "deployments.tasks.sweep", "schedule": 5.0, "options": {"expires": 5}},
    "audit-close-up": {"task": "projects.audit.tasks.close_up", "schedule": 5.0, "options": {"expires": 5}},
    "forget-deliveries": {
        "task": "deployments.tasks.forget_deliveries",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "audit-expire": {"task": "projects.audit.tasks.expire", "schedule": 3600.0, "options": {"expires": 3600}},
    "history-anchor": {"task": "history.tasks.anchor_heads", "schedule": 3600.0, "options": {"expires": 3600}},
    "history-expire": {"task": "deployments.tasks.expire_records", "schedule": 86400.0, "options": {"expires": 3600}},
    "history-mail": {"task": "history.tasks.mail_heads", "schedule": 86400.0, "options": {"expires": 3600}},
}

# A run: how many steps at once (measured: at 64 a project of 50 agents runs within 1.23 of the bare calls, at 32
# within 1.4 to 1.9), how long a lease lives without a heartbeat, seconds.
RUN_PARALLELISM = 64
LEASE_SECONDS = 30.0

# A second place, of somebody else's, for the ends of the chains of records (docs/records.md): a bucket or a folder;
# how long its objects are retained where the bucket has Object Lock, days; and who gets them by mail, once a day.
HISTORY_ANCHOR_BUCKET = text("HISTORY_ANCHOR_BUCKET", "")
HISTORY_ANCHOR_FOLDER = text("HISTORY_ANCHOR_FOLDER", "")
HISTORY_ANCHOR_DAYS = number("HISTORY_ANCHOR_DAYS", "3650", least=1)
HISTORY_ANCHOR_MAIL = text("HISTORY_ANCHOR_MAIL", "")

# When documents of records move to cheaper storage, as `STANDARD_IA=30,GLACIER_IR=180` (days), and how long versions
# of deleted ones stay where the bucket keeps versions (docs/records.md). Empty: the bucket's rules are nobody's here.
HISTORY_LIFECYCLE = text("HISTORY_LIFECYCLE", "")
HISTORY_NONCURRENT_DAYS = number("HISTORY_NONCURRENT_DAYS", "30", least=1)

# Messages to channels go to public addresses alone, and to these networks (a chat server in one's own, say).
NOTIFY_NETWORKS = networks("NOTIFY_NETWORKS")

SESSION_ENGINE = "django.contrib.sessions.backends.db"
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "deployments": {"level": "INFO"},
        "django.request": {"level": "ERROR"},
    },
}
