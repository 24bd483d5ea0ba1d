"""Deliveries to Slack's incoming webhooks, as blocks whose texts are plain: nothing in a name formats or mentions.

Source: https://api.slack.com/messaging/webhooks and https://api.slack.com/reference/block-kit/blocks
"""

from __future__ import annotations

import json

from deployments.telling.models import Delivery
from deployments.telling.notices import link_of
from deployments.telling.posting import post

HEADER_CHARACTERS = 150
ESCAPES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}


def send(delivery: Delivery) -> str:
    """Posts it; see `posting.post`."""
    assert delivery.channel is not None, "the caller looked"
    return post(delivery.channel.address, body_of(delivery), {"Content-Type": "application/json; charset=utf-8"})


def body_of(delivery: Delivery) -> bytes:
    """The message as JSON; `text` is what devices show in their own notifications."""
    blocks = [
        {"type": "header", "text": _plain(delivery.title[:HEADER_CHARACTERS])},
        *([{"type": "section", "text": _plain(delivery.text)}] if delivery.text else []),
        {"type": "section", "text": {"type": "mrkdwn", "text": f"<{link_of(delivery)}|Open in strandsweb>"}},
    ]
    return json.dumps({"text": delivery.title.translate(ESCAPES), "blocks": blocks}).encode()


def _plain(text: str) -> dict[str, object]:
    return {"type": "plain_text", "text": text, "emoji": False}
