"""Sign-in providers from one environment variable, SIGN_IN_PROVIDERS: a JSON list, one object each.

    [{"id": "okta", "name": "Okta", "issuer": "https://example.okta.com", "client_id": "...", "client_secret": "...",
      "groups_claim": "groups", "scopes": ["groups"], "domains": ["example.com"]},
     {"id": "github", "client_id": "...", "client_secret": "..."}]

`issuer` names any OpenID Connect provider (Amazon Cognito, Okta, Entra, Google ...); `github` has none.
`domains`: whose verified addresses may make new accounts; needed with Google, where everybody has an account.
`verified_domains`: addresses of these count as verified though the provider does not say so (Entra).
`sign_up`: whether people without an account get one; true, but false for GitHub, where invitations decide.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

GOOGLE = "https://accounts.google.com"
_REQUIRED = {"id", "client_id", "client_secret"}
_OPTIONAL = {"name", "issuer", "groups_claim", "scopes", "domains", "verified_domains", "sign_up"}


def read_providers(text: str) -> dict[str, Any]:
    """The text as django-allauth's SOCIALACCOUNT_PROVIDERS.

    Raises:
        ImproperlyConfigured: with the provider and the key at fault.
    """
    try:
        listed = json.loads(text or "[]")
    except ValueError as error:
        raise ImproperlyConfigured(f"SIGN_IN_PROVIDERS is not JSON: {error}.") from None
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise ImproperlyConfigured("SIGN_IN_PROVIDERS is a JSON list of objects.")
    apps = [_app(each) for each in listed]
    ids = [app["provider_id"] for app in apps]
    if len(set(ids)) != len(ids):
        raise ImproperlyConfigured("SIGN_IN_PROVIDERS has two providers of one id.")
    return {
        "oidc": {"APPS": [app for app in apps if app["provider_id"] != "github"]},
        "github": {"APPS": [app for app in apps if app["provider_id"] == "github"], "SCOPE": ["user:email"]},
    }


def _app(said: dict[str, Any]) -> dict[str, Any]:
    name = said.get("id", "")
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9-]{0,29}", name):
        raise ImproperlyConfigured(f"SIGN_IN_PROVIDERS: {name!r} is no id; use lower-case letters, digits, hyphens.")
    github = name == "github"
    required = _REQUIRED if github else _REQUIRED | {"issuer"}
    for key in sorted(required - said.keys()):
        raise ImproperlyConfigured(f"SIGN_IN_PROVIDERS: {name} has no {key}.")
    for key in sorted(said.keys() - _REQUIRED - _OPTIONAL):
        raise ImproperlyConfigured(f"SIGN_IN_PROVIDERS: {name} has an unknown key {key}.")
    issuer = str(said.get("issuer", "")).rstrip("/")
    address = urlsplit(issuer)
    if not github and address.scheme != "https" and address.hostname not in ("127.0.0.1", "localhost"):
        raise ImproperlyConfigured(f"SIGN_IN_PROVIDERS: the issuer of {name} must be an https address.")
    if issuer == GOOGLE and not said.get("domains"):
        raise ImproperlyConfigured(f"SIGN_IN_PROVIDERS: {name} is Google, where everybody is; name your domains.")
    return {
        "provider_id": name,
        "name": said.get("name") or ("GitHub" if github else name.capitalize()),
        "client_id": said["client_id"],
        "secret": said["client_secret"],
        "settings": {
            "server_url": issuer,
            "groups_claim": said.get("groups_claim", ""),
            "scope": ["user:email"] if github else ["openid", "profile", "email", *said.get("scopes", [])],
            "domains": said.get("domains", []),
            "verified_email": said.get("verified_domains", []),
            "domain_claim": "hd" if issuer == GOOGLE else "",
            "sign_up": said.get("sign_up", not github),
            "oauth_pkce_enabled": True,
        },
    }
