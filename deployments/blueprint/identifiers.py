"""Logical ids, from the names people chose."""

from __future__ import annotations

import re

_CRON_FIELDS = ("minute", "hour", "day", "month", "weekday", "year")
_SIGNS = {"*": " any ", "/": " by ", ",": " and ", "-": " to ", "#": " nth "}


def pascal(*names: str) -> str:
    """`pascal("customer-support", "function")` -> `CustomerSupportFunction`; what is no letter or digit separates."""
    words = re.findall(r"[A-Za-z0-9]+", " ".join(names))
    return "".join(word[:1].upper() + word[1:] for word in words)


def route_words(method: str, path: str) -> str:
    """`GET`, `/tickets/{id}` -> `get /tickets/ by id`; what takes the rest of the path is `all`, the root `root`."""
    spoken = re.sub(r"\{([^}+]*)(\+?)\}", lambda part: f" {'all' if part[2] else 'by'} {part[1]}", path)
    return f"{method.lower()} {spoken if path != '/' else 'root'}"


def schedule_words(expression: str) -> str:
    """`rate(5 minutes)` -> `rate 5 minutes`, `cron(0 8 * * ? *)` -> `minute 0 hour 8`.

    A cron field is named, so that minute 1 of hour 12 and minute 11 of hour 2 stay two things when the spaces go.
    """
    if not expression.startswith("cron"):
        return " ".join(re.findall(r"[a-z0-9]+", expression))
    fields = zip(_CRON_FIELDS, expression.removeprefix("cron(").removesuffix(")").split(), strict=True)
    told = " ".join(f"{noun} {field}" for noun, field in fields if field not in ("*", "?")) or "every minute"
    return " ".join("".join(_SIGNS.get(sign, sign) for sign in told).lower().split())
