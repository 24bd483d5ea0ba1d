"""The agent of the proof: what it does does not matter, that it is deployed does."""

from typing import Any


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Answers."""
    return {"statusCode": 200, "body": "here"}
