"""One thing that was looked at before deploying: how it stands, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from deployments.engine.errors import Category, CloudError


class Verdict(StrEnum):
    """How a check ended; only `FAILED` stands in the way of a deployment."""

    PASSED = "passed"
    SKIPPED = "skipped"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """A check: its name, verdict, what was found in a sentence, and the remedy where one is needed."""

    name: str
    verdict: Verdict
    message: str
    remedy: str = ""


def failures(checks: Iterable[Check]) -> list[Check]:
    """Those that stand in the way."""
    return [check for check in checks if check.verdict is Verdict.FAILED]


def or_skipped(name: str, look: Callable[[], Check]) -> Check:
    """The check, or a note that it was left out, because AWS did not let us look."""
    try:
        return look()
    except CloudError as error:
        if error.category is Category.CREDENTIALS:
            raise
        return Check(name, Verdict.SKIPPED, f"Could not be looked at: {error}")
