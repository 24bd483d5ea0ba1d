"""Deliveries to any program: JSON, signed as the Standard Webhooks specification says, so that libraries verify it.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from datetime import UTC, datetime

from django.utils import timezone

from deployments.engine.clock import iso
from deployments.telling.models import Delivery
from deployments.telling.notices import link_of
from deployments.telling.posting import post

PREFIX = "whsec_"


def new_secret() -> str:
    """A signing key: `whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def send(delivery: Delivery) -> str:
    """Posts it; see `posting.post`."""
    assert delivery.channel is not None, "the caller looked"
    body, now = body_of(delivery), timezone.now()
    headers = headers_of(str(delivery.public_id), body, delivery.channel.secret, now)
    return post(delivery.channel.address, body, headers)


def body_of(delivery: Delivery) -> bytes:
    """What happened, as JSON; the same bytes in every try."""
    content = {
        "type": delivery.occasion,
        "timestamp": iso(delivery.created_at.astimezone(UTC)),
        "data": {
            "project": delivery.project.slug,
            "environment": delivery.environment,
            "deployment": delivery.deployment,
            "actor": delivery.actor_text,
            "title": delivery.title,
            "text": delivery.text,
            "url": link_of(delivery),
        },
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def headers_of(public_id: str, body: bytes, secret: str, now: datetime) -> dict[str, str]:
    """The id (one for all tries), the second of this try since 1970, and the signature over both and the body."""
    moment = str(int(now.timestamp()))
    signed = f"{public_id}.{moment}.".encode() + body
    digest = hmac.new(base64.b64decode(secret.removeprefix(PREFIX)), signed, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "strandsweb",
        "webhook-id": public_id,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
