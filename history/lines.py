"""An event of a run as one line for people: its level, its subject, its sentence (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# What a terminal would obey and a browser would not show: the escape sequences whole, then single controls.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)?|[\x00-\x08\x0b-\x1f\x7f-\x9f]")

LEVELS = ("error", "warning", "info", "call")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a run's log; `level` is error, warning, info or call; `time` ISO 8601 UTC."""

    number: int
    time: str
    level: str
    subject: str
    text: str

    @property
    def clock(self) -> str:
        """Hours to milliseconds, UTC."""
        return self.time[11:23]


def line(event: Mapping[str, Any]) -> Line:
    """The line of one event (`Event.as_dict`); codes of a later version stay readable as they are."""
    level, text = _told(event["code"], event["data"], event["step"])
    return Line(event["number"], event["time"], level, _ESCAPES.sub("", event["logicalId"]), _ESCAPES.sub("", text))


def _told(code: str, data: Mapping[str, Any], step: str) -> tuple[str, str]:
    operation = step.partition(":")[0]
    match code:
        case "run.started":
            return "info", f"The run starts with {data.get('steps', 0)} steps"
        case "run.resumed":
            return "warning", f"Taken up again by another worker, {len(data.get('pending', ()))} steps were under way"
        case "run.cancelling":
            return "warning", f"{data.get('by', 'Somebody')} cancels: steps under way finish, no new ones start"
        case "run.ended":
            level = {"succeeded": "info", "cancelled": "warning"}.get(data.get("status", ""), "error")
            return level, f"The run {data.get('status')} after {data.get('seconds', 0):.1f} s"
        case "step.started":
            return "info", f"{data.get('operation', operation)} starts"
        case "step.succeeded":
            found = " (it was there already)" if data.get("adopted") else ""
            return "info", f"{operation} succeeded in {data.get('seconds', 0):.2f} s{found}"
        case "step.failed":
            return "error", f"{operation} failed: {data.get('error', {}).get('message', '')}"
        case "step.skipped":
            return "warning", f"{operation} skipped, because of {', '.join(data.get('because', ()))}"
        case "step.cancelled":
            return "warning", f"{operation} cancelled"
        case "call.ended":
            outcome = data.get("error") or data.get("status", "")
            tries = f", {data['attempts']} attempts" if data.get("attempts", 1) > 1 else ""
            name = f"{data.get('service')}:{data.get('operation')}"
            return "call", f"{name} {outcome} in {data.get('seconds', 0) * 1000:.0f} ms{tries}"
        case "log":
            level = data.get("level", "info")
            return level if level in LEVELS else "info", str(data.get("message", ""))
        case _:
            return "info", f"{code} {data}"
