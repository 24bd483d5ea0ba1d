"""Deliveries to Microsoft Teams' workflows, as an adaptive card of plain runs: nothing in a name becomes Markdown.

Source: https://learn.microsoft.com/connectors/teams/ ("When a Teams webhook request is received") and
https://adaptivecards.io/explorer/RichTextBlock.html
"""

from __future__ import annotations

import json
from typing import Any

from deployments.telling.models import Delivery
from deployments.telling.notices import link_of
from deployments.telling.posting import post


def send(delivery: Delivery) -> str:
    """Posts it; see `posting.post`."""
    assert delivery.channel is not None, "the caller looked"
    return post(delivery.channel.address, body_of(delivery), {"Content-Type": "application/json; charset=utf-8"})


def body_of(delivery: Delivery) -> bytes:
    """The message as JSON."""
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": delivery.title,
        "body": [
            _runs(delivery.title, weight="bolder", size="medium"),
            *(_runs(line) for line in delivery.text.splitlines()),
        ],
        "actions": [{"type": "Action.OpenUrl", "title": "Open in strandsweb", "url": link_of(delivery)}],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return json.dumps({"type": "message", "attachments": [attachment]}).encode()


def _runs(text: str, **look: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **look}]}
