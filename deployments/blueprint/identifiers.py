"""Logical ids, from the names people chose."""

from __future__ import annotations

import re

_SPOKEN = {"*": " any ", "?": " none ", "/": " by ", ",": " and ", "-": " to ", "#": " nth "}


def pascal(*names: str) -> str:
    """`pascal("customer-support", "function")` -> `CustomerSupportFunction`; what is no letter or digit separates."""
    words = re.findall(r"[A-Za-z0-9]+", " ".join(names))
    return "".join(word[:1].upper() + word[1:] for word in words)


def route_words(method: str, path: str) -> str:
    """`route_words("GET", "/tickets/{id}")` -> `get tickets id`; the root path is spoken `root`."""
    return f"{method.lower()} {path.strip('/') or 'root'}"


def schedule_words(expression: str) -> str:
    """A schedule as words that stay different for different schedules: `rate(5 minutes)` -> `rate 5 minutes`.

    Of a cron expression the signs are spoken, as `cron(0 1 * * ? *)` and `cron(0 * 1 * ? *)` would otherwise
    be one logical id.
    """
    if expression.startswith("cron"):
        expression = "".join(_SPOKEN.get(sign, sign) for sign in expression)
    return " ".join(re.findall(r"[A-Za-z0-9]+", expression)).lower()
