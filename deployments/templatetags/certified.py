"""How a certificate is said: its verdict and outcomes as statuses, its counts in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from deployments.plan_reading import summary

register = template.Library()

STATUSES = {
    "restored": "succeeded",
    "restored with exceptions": "drifted",
    "not restored": "failed",
    "unknown": "never",
    "equal": "succeeded",
    "gone": "succeeded",
    "excepted": "drifted",
}
"""Verdicts and outcomes as what pages colour by."""


@register.filter
def status_of(word: str) -> str:
    """The status that a verdict or an outcome looks like."""
    return STATUSES[word]


register.filter("counted_changes", summary)


@register.filter
def in_short(certificate: Mapping[str, Any]) -> str:
    """`Of 14 resources 12 are as they were, 1 restored with an exception, 1 not restored.`"""
    counts = certificate["counts"]
    equal = counts["equal"]
    parts = [f"{equal} {'is as it was' if equal == 1 else 'are as they were'}"]
    for name, words in (
        ("gone", "gone, as they should be"),
        ("excepted", "restored with an exception"),
        ("not_restored", "not restored"),
    ):
        if counts[name]:
            parts.append(f"{counts[name]} {words}")
    return f"Of {sum(counts.values())} resources {', '.join(parts)}."
