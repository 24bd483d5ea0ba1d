"""The parts of a protection in words, as decisions and comparisons quote them."""

from __future__ import annotations

from collections.abc import Sequence

from projects.protection.facts import Impact
from projects.protection.model import Budget, Cron, Day, Freeze, Once, Requirement, Running

_DAYS = {
    Day.MONDAY: "Monday",
    Day.TUESDAY: "Tuesday",
    Day.WEDNESDAY: "Wednesday",
    Day.THURSDAY: "Thursday",
    Day.FRIDAY: "Friday",
    Day.SATURDAY: "Saturday",
    Day.SUNDAY: "Sunday",
}


def listed(names: Sequence[str], *, most: int = 100, word: str = "or") -> str:
    """`a, b or c`; those beyond `most` are counted."""
    shown, more = list(names[:most]), len(names) - most
    if more > 0:
        shown.append(f"{more} more")
    return f" {word} ".join(part for part in (", ".join(shown[:-1]), shown[-1]) if part) if shown else ""


def counted(number: int, word: str) -> str:
    """`1 minute`, `2 minutes`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def requirement_words(requirement: Requirement) -> str:
    """Who can meet it: `ada, somebody of okta:sre or an owner`."""
    named = [
        *requirement.people,
        *(f"somebody of {group}" for group in requirement.groups),
        *(f"an {role.value}" for role in requirement.roles),
    ]
    return listed(named) or "whoever may approve"


def freeze_words(freeze: Freeze) -> str:
    """When it is, where, and what becomes of what runs."""
    when = freeze.when
    if isinstance(when, Once):
        time = f"from {when.start:%Y-%m-%d %H:%M} to {when.end:%Y-%m-%d %H:%M}"
    elif isinstance(when, Cron):
        time = f"at every {when.expression} of cron for {duration_words(when.minutes)}"
    else:
        days = listed([_DAYS[day] for day in when.days], word="and")
        time = f"every {days} from {when.at:%H:%M} for {duration_words(when.minutes)}"
    running = "ends what runs" if freeze.running is Running.END else "lets what runs finish"
    return f"{time} ({freeze.zone}), {running}"


def duration_words(minutes: int) -> str:
    """`2 hours and 5 minutes`."""
    hours, rest = divmod(minutes, 60)
    parts = [counted(number, word) for number, word in ((hours, "hour"), (rest, "minute")) if number]
    return listed(parts, word="and") or "0 minutes"


def budget_words(budget: Budget, impact: Impact) -> tuple[str, ...]:
    """What `impact` does more of than the budget has, one sentence each."""
    pairs = (
        (impact.deletes, budget.deletes, "It deletes {} resources; the budget has {}."),
        (impact.replaced_stateful, budget.replaced_stateful, "It replaces {} that hold data; the budget has {}."),
        (impact.new_permissions, budget.new_permissions, "It gives {} new permissions; the budget has {}."),
        (impact.resources, budget.resources, "It touches {} resources; the budget has {}."),
    )
    found = [text.format(number, limit) for number, limit, text in pairs if limit is not None and number > limit]
    most = budget.monthly_increase_usd
    if most is not None and impact.monthly_increase_usd > most:
        found.append(f"It costs {impact.monthly_increase_usd:.2f} USD a month more; the budget has {most:.2f}.")
    return tuple(found)
