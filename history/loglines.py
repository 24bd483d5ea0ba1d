"""A run's events as the lines of a plain text log, one log per resource (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def log_lines(events: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The lines of every resource that has events, by logical id; each line ends with a line feed."""
    logs: dict[str, list[str]] = {}
    for event in events:
        if event["logicalId"]:
            logs.setdefault(event["logicalId"], []).append(f"{event['time']} {_inert(_sentence(event))}\n")
    return logs


def _sentence(event: Mapping[str, Any]) -> str:
    """The event in one line, the level or code first. Codes that are not known (a later version's) stay readable."""
    code, data = event["code"], event["data"]
    match code:
        case "log":
            return f"{data.get('level', 'info').upper()} {data.get('message', '')}"
        case "call.ended":
            outcome = data.get("error") or data.get("status", "")
            return (
                f"CALL {data.get('service')}:{data.get('operation')} {outcome} in {data.get('seconds', 0):.3f} s,"
                f" attempts {data.get('attempts', 1)}, request {data.get('requestId') or '-'}"
            )
        case "step.started":
            return f"STARTED {data.get('operation')} of {data.get('type')}"
        case "step.succeeded":
            return f"SUCCEEDED {data.get('physicalId') or ''} in {data.get('seconds', 0):.3f} s"
        case "step.failed":
            return f"FAILED {data.get('error', {}).get('message', '')}"
        case "step.skipped":
            return f"SKIPPED because of {', '.join(data.get('because', ()))}"
        case _:
            return f"{code.partition('.')[2].upper() or code.upper()}"


def _inert(text: str) -> str:
    """No text can start a line of its own or steer a terminal: continued lines are indented, controls are spelt out."""
    visible = _CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode(), text.replace("\r\n", "\n"))
    return visible.replace("\n", "\n    ")
