"""PostgreSQL, Redis, S3 and real accounts; starts only when every value is there and none is insecure."""

from __future__ import annotations

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from strandsweb.settings.base import *  # noqa: F403 - settings modules are layered by star import
from strandsweb.settings.base import BASE_DIR, SIGN_UP_OPEN
from strandsweb.settings.environment import cache, channel_layer, site, text, words

EMBEDDED = False
DEBUG = False
DATA_DIR = BASE_DIR / "var"  # where run.json would be; production keeps nothing on disk

SECRET_KEY = text("SECRET_KEY")
if len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 5 or SECRET_KEY.startswith("django-insecure-"):
    raise ImproperlyConfigured(
        "SECRET_KEY is too weak: use at least 50 random characters, for example from "
        'python -c "import secrets; print(secrets.token_urlsafe(64))".'
    )
ALLOWED_HOSTS = words("ALLOWED_HOSTS")
if "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts; * would accept any.")

DATABASES = {"default": dj_database_url.parse(text("DATABASE_URL"), conn_max_age=0, conn_health_checks=True)}
if "postgresql" not in DATABASES["default"]["ENGINE"]:
    raise ImproperlyConfigured("DATABASE_URL must be PostgreSQL in production.")
DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {"min_size": 1, "max_size": 8, "timeout": 10}

BROKER_URL = text("BROKER_URL")
CELERY_BROKER_URL = BROKER_URL
CHANNEL_LAYERS = channel_layer(BROKER_URL)
CACHES = cache(BROKER_URL)

# Without a mail server nothing is sent: invitations are links to hand over, and passwords are reset by administrators.
EMAIL_HOST = text("EMAIL_HOST", "")
MAIL = bool(EMAIL_HOST)
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if MAIL else 'dummy'}.EmailBackend"
EMAIL_PORT = int(text("EMAIL_PORT", "587"))
EMAIL_HOST_USER = text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = text("EMAIL_USE_TLS", "1") == "1"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = text("DEFAULT_FROM_EMAIL") if MAIL else ""
if SIGN_UP_OPEN:
    if not MAIL:
        raise ImproperlyConfigured("SIGN_UP=open needs EMAIL_HOST: addresses of strangers have to be verified.")
    ACCOUNT_EMAIL_VERIFICATION = "mandatory"

# Empty means AWS itself. Set it to a sandbox to try the production shape without an account.
AWS_ENDPOINT_URL = text("AWS_ENDPOINT_URL", "")
# Whether an environment may be reached with the server's own credentials or a profile of its machine: any owner of
# any project could then use them, so only where one team has the server for itself.
SERVER_CREDENTIALS = text("SERVER_CREDENTIALS", "0") == "1"
HISTORY_STORE = text("HISTORY_STORE", "s3")
HISTORY_BUCKET = text("HISTORY_BUCKET")
# What signs the records: PEM of an Ed25519 key, or a file of it, or the ARN of a key of KMS; see docs/records.md.
HISTORY_SIGNING_KEY = text("HISTORY_SIGNING_KEY", "")
HISTORY_KMS_KEY = text("HISTORY_KMS_KEY", "")
if bool(HISTORY_SIGNING_KEY) == bool(HISTORY_KMS_KEY):
    raise ImproperlyConfigured(
        "Set one of HISTORY_SIGNING_KEY and HISTORY_KMS_KEY: it signs the records of deployments."
    )
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "sources": {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": text("SOURCES_BUCKET"),
            "endpoint_url": AWS_ENDPOINT_URL or None,
            "signature_version": "s3v4",
            "file_overwrite": True,
            "default_acl": None,
        },
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
STATIC_ROOT = text("STATIC_ROOT", str(BASE_DIR / "staticfiles"))

# Behind a proxy that ends TLS; INSECURE_HTTP=1 is for trying the production shape on loopback and nothing else.
_plain_http = text("INSECURE_HTTP", "0") == "1"
if _plain_http and not set(ALLOWED_HOSTS) <= {"localhost", "127.0.0.1", "[::1]"}:
    raise ImproperlyConfigured("INSECURE_HTTP=1 is allowed only when ALLOWED_HOSTS names loopback alone.")
# Links in messages lead here; what a request calls this host is never used for them.
SITE_URL = site()
if not _plain_http and not SITE_URL.startswith("https://"):
    raise ImproperlyConfigured("SITE_URL must be an https address: it is where links in mails lead.")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = not _plain_http
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SESSION_COOKIE_SECURE = not _plain_http
CSRF_COOKIE_SECURE = not _plain_http
SECURE_HSTS_SECONDS = 0 if _plain_http else 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = not _plain_http
SECURE_HSTS_PRELOAD = not _plain_http
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "http" if _plain_http else "https"
ALLAUTH_TRUSTED_PROXY_COUNT = int(text("TRUSTED_PROXY_COUNT", "0" if _plain_http else "1"))
CSRF_TRUSTED_ORIGINS = words("CSRF_TRUSTED_ORIGINS", ",".join(f"https://{host}" for host in ALLOWED_HOSTS))
