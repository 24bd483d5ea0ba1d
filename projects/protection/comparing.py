"""What a revision of the protection changes, setting by setting and in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from projects.protection.model import Budget, Protection, Requirement
from projects.protection.wording import counted, duration_words, freeze_words, listed, requirement_words


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting before and after, each in words, empty where there was or will be none."""

    setting: str
    before: str
    after: str

    def __str__(self) -> str:
        if not self.before:
            return f"{self.setting}: newly {self.after}"
        if not self.after:
            return f"{self.setting}: no longer {self.before}"
        return f"{self.setting}: {self.after}, was {self.before}"


def differences(before: Protection, after: Protection) -> tuple[Difference, ...]:
    """All of them, in the order of the page; none exactly where both ask for the same.

    Values are compared, not their words: a name that reads like two names cannot hide a change.
    """
    was, will = Counter(before.approvals), Counter(after.approvals)
    found = [Difference("Approvals", _approval(each), "") for each in (was - will).elements()]
    found += [Difference("Approvals", "", _approval(each)) for each in (will - was).elements()]
    return (*found, *_changed(_settings(before), _settings(after)), *_changed(_freezes(before), _freezes(after)))


def in_words(protection: Protection) -> tuple[tuple[str, str], ...]:
    """Every setting and what it is, for a page."""
    approvals = [("Approvals", _approval(each)) for each in protection.approvals] or [("Approvals", "none needed")]
    settings = {**_settings(protection), **_freezes(protection)}
    return (*approvals, *((name, words) for name, (_, words) in settings.items()))


Settings = Mapping[str, tuple[Any, str]]
"""Names of settings with their value and its words."""


def _changed(before: Settings, after: Settings) -> list[Difference]:
    none = (None, "")
    return [
        Difference(name, before.get(name, none)[1], after.get(name, none)[1])
        for name in dict.fromkeys((*before, *after))
        if before.get(name, none)[0] != after.get(name, none)[0]
    ]


def _approval(requirement: Requirement) -> str:
    return f"{requirement.count} by {requirement_words(requirement)}"


def _freezes(protection: Protection) -> Settings:
    return {f"Freeze {freeze.name}": (freeze, freeze_words(freeze)) for freeze in protection.freezes}


def _settings(protection: Protection) -> Settings:
    """Every setting but the approvals and the freezes, of which there may be several."""
    expiry = protection.approvals_expire_hours
    expires = "never" if expiry is None else f"after {counted(expiry, 'hour')}"
    return {
        "Who proposed": _flag(protection.proposer_may_approve, "may approve", "may not approve"),
        "Who edited last": _flag(protection.editor_may_approve, "may approve", "may not approve"),
        "Comments": _flag(protection.comment_required, "required", "optional"),
        "Second factor": _flag(protection.fresh_factor, "shown again to approve", "not asked for again"),
        "Approvals expire": (expiry, expires),
        "Minimum wait": (protection.minimum_wait_minutes, duration_words(protection.minimum_wait_minutes)),
        **_budget(protection.budget),
        "Promoted from": (protection.promoted_from, listed(protection.promoted_from) or "anywhere"),
        "Branches": (protection.branches, listed(protection.branches) or "any"),
        "Preflight checks": _flag(protection.preflight, "have to pass", "are not asked for"),
        "Lint": _flag(protection.lint, "has to pass", "is not asked for"),
        "Deployed before in": _upstream(protection),
    }


def _upstream(protection: Protection) -> tuple[Any, str]:
    of_path = ("what comes before on the project's path",) if protection.upstream_of_path else ()
    words = listed((*protection.upstream, *of_path), word="and") or "no other environment"
    return (protection.upstream, protection.upstream_of_path), words


def _budget(budget: Budget) -> Settings:
    cost = budget.monthly_increase_usd
    more = f"needs {counted(budget.more_approvals, 'more approval')}"
    over = f"is refused (if it were not: {more})" if budget.refuses else more
    return {
        "Deletions": _limit(budget.deletes),
        "Replacements of what holds data": _limit(budget.replaced_stateful),
        "Monthly cost": (cost, "any" if cost is None else f"at most {cost!r} USD more"),
        "New permissions": _limit(budget.new_permissions),
        "Resources touched": _limit(budget.resources),
        "Over budget": ((budget.more_approvals, budget.refuses), over),
    }


def _limit(number: int | None) -> tuple[int | None, str]:
    return number, "any number" if number is None else f"at most {number}"


def _flag(value: bool, yes: str, no: str) -> tuple[bool, str]:
    return value, yes if value else no
