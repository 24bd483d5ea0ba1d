"""JSON -> protection, or every mistake in it with its place; what order says nothing of is sorted."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from projects.configuration.problems import did_you_mean, shown
from projects.protection.model import (
    FORMAT,
    Budget,
    Day,
    Freeze,
    Once,
    Protection,
    Requirement,
    Running,
    Weekly,
)
from projects.roles import TABLE, Action, Role

MOST_APPROVALS = 20
MOST_HOURS = 24 * 366
MOST_MINUTES = 60 * 24 * 7
MOST = 1_000_000
LONGEST_TEXT = 120
MOST_ENTRIES = 100

APPROVERS = tuple(role for role in Role if Action.APPROVE in TABLE[role])

Value = TypeVar("Value")
Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong at one place, which reads like `approvals[0].count`; empty for the whole."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class Unreadable(ValueError):
    """It is no protection; `mistakes` has at least one."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("; ".join(map(str, self.mistakes)))


def read(data: Any) -> Protection:
    """The protection that parsed JSON describes; what is left out is as in `Protection()`.

    Raises:
        Unreadable: naming every mistake and its place.
    """
    reader = _Reader()
    protection = reader.protection(data)
    if reader.mistakes:
        raise Unreadable(reader.mistakes)
    return protection


def read_json(text: str) -> Protection:
    """The same of JSON text.

    Raises:
        Unreadable: also where it is no JSON.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable([Mistake("", f"this is no JSON: {error}")]) from None
    return read(data)


class _Reader:
    """Reads on after a mistake, so that all of them are told at once."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []

    def protection(self, data: Any) -> Protection:
        known = Protection().as_dict()
        given = self._mapping(data, "", known)
        if given.get("format", FORMAT) != FORMAT:
            self._wrong("format", f"only {shown(FORMAT)} is known here")
        approvals = self._entries(given, "approvals", "", self._requirement)
        if sum(requirement.count for requirement in approvals) > MOST_APPROVALS:
            self._wrong("approvals", f"at most {MOST_APPROVALS} people can be asked for, all requirements together")
        return Protection(
            approvals=tuple(sorted(approvals, key=_canonical)),
            proposer_may_approve=self._flag(given, "proposerMayApprove"),
            editor_may_approve=self._flag(given, "editorMayApprove"),
            comment_required=self._flag(given, "commentRequired"),
            fresh_factor=self._flag(given, "freshFactor"),
            approvals_expire_hours=self._number(given, "approvalsExpireHours", "", 1, MOST_HOURS),
            minimum_wait_minutes=self._number(given, "minimumWaitMinutes", "", 0, MOST_MINUTES) or 0,
            budget=self._budget(given.get("budget")),
            freezes=self._freezes(given),
            promoted_from=self._names(given, "promotedFrom", ""),
            branches=self._names(given, "branches", ""),
            preflight=self._flag(given, "preflight"),
            lint=self._flag(given, "lint"),
            upstream=self._names(given, "upstream", ""),
        )

    def _requirement(self, data: Any, place: str) -> Requirement:
        given = self._mapping(data, place, Requirement().as_dict())
        return Requirement(
            count=self._number(given, "count", place, 1, MOST_APPROVALS) or 1,
            people=self._names(given, "people", place),
            groups=self._names(given, "groups", place),
            roles=self._choices(given, "roles", place, APPROVERS),
        )

    def _budget(self, data: Any) -> Budget:
        given = self._mapping({} if data is None else data, "budget", Budget().as_dict())
        more = self._number(given, "moreApprovals", "budget", 1, MOST_APPROVALS)
        return Budget(
            deletes=self._number(given, "deletes", "budget", 0, MOST),
            replaced_stateful=self._number(given, "replacedStateful", "budget", 0, MOST),
            monthly_increase_usd=self._amount(given, "monthlyIncreaseUsd", "budget"),
            new_permissions=self._number(given, "newPermissions", "budget", 0, MOST),
            resources=self._number(given, "resources", "budget", 0, MOST),
            more_approvals=1 if more is None else more,
            refuses=self._flag(given, "refuses", "budget"),
        )

    def _freezes(self, given: Mapping[str, Any]) -> tuple[Freeze, ...]:
        found = self._entries(given, "freezes", "", self._freeze)
        names = [freeze.name for freeze in found]
        for index, name in enumerate(names):
            if name and name in names[:index]:
                self._wrong(f"freezes[{index}].name", f"there is a freeze {shown(name)} already")
        return tuple(sorted(found, key=lambda freeze: freeze.name))

    def _freeze(self, data: Any, place: str) -> Freeze:
        given = self._mapping(data, place, ("name", "zone", "running", "once", "weekly"))
        when: Once | Weekly = _SOME_TIME
        if given and ("once" in given) == ("weekly" in given):
            self._wrong(place, "say either once or weekly")
        elif "once" in given:
            when = self._once(given["once"], f"{place}.once")
        elif "weekly" in given:
            when = self._weekly(given["weekly"], f"{place}.weekly")
        running = given.get("running", Running.FINISH.value)
        return Freeze(
            name=self._text(given.get("name"), f"{place}.name"),
            zone=self._zone(given.get("zone"), f"{place}.zone"),
            when=when,
            running=self._choice(running, f"{place}.running", tuple(Running)) or Running.FINISH,
        )

    def _once(self, data: Any, place: str) -> Once:
        given = self._mapping(data, place, ("start", "end"))
        start, end = (self._moment(given.get(key), f"{place}.{key}") for key in ("start", "end"))
        if start is None or end is None:
            return _SOME_TIME
        if end <= start:
            self._wrong(f"{place}.end", "it has to end after it starts")
        return Once(start, end)

    def _weekly(self, data: Any, place: str) -> Weekly:
        given = self._mapping(data, place, ("days", "at", "minutes"))
        days = self._choices(given, "days", place, tuple(Day))
        if not days and isinstance(given.get("days"), list | None):
            self._wrong(f"{place}.days", "name at least one day, such as fri")
        minutes = self._number(given, "minutes", place, 1, MOST_MINUTES)
        if given.get("minutes") is None:
            self._wrong(f"{place}.minutes", "say how many minutes it lasts")
        return Weekly(days, self._time(given.get("at"), f"{place}.at"), minutes or 1)

    def _moment(self, value: Any, place: str) -> datetime | None:
        try:
            moment = datetime.strptime(value, "%Y-%m-%dT%H:%M") if isinstance(value, str) else None  # noqa: DTZ007
        except ValueError:
            moment = None
        if moment is None or not 2000 <= moment.year <= 9000 or moment.isoformat("T", "minutes") != value:
            self._wrong(place, "a local time reads like 2026-12-24T18:00")
            return None
        return moment

    def _time(self, value: Any, place: str) -> time:
        try:
            found = time.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            found = None
        if found is None or found.tzinfo or found.isoformat("minutes") != value:
            self._wrong(place, "a time of day reads like 16:00")
            return time()
        return found

    def _zone(self, value: Any, place: str) -> str:
        name = self._text(value, place)
        if name:
            try:
                ZoneInfo(name)
            except (KeyError, ValueError, OSError):
                nearest = did_you_mean(name, available_timezones())
                self._wrong(place, f"there is no time zone {shown(name)}" + (f"; {nearest}" if nearest else ""))
        return name

    def _mapping(self, value: Any, place: str, known: Iterable[str]) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            self._wrong(place, "an object is expected here")
            return {}
        names = sorted(known)
        for key in value:
            if key not in names:
                hint = did_you_mean(str(key), names)
                self._wrong(_join(place, shown(str(key))), "this is not known here" + (f"; {hint}" if hint else ""))
        return value

    def _entries(
        self, given: Mapping[str, Any], key: str, place: str, read_one: Callable[[Any, str], Value]
    ) -> list[Value]:
        """What `read_one` makes of every entry of a list; empty where there is none."""
        value, place = given.get(key), _join(place, key)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > MOST_ENTRIES:
            self._wrong(place, f"a list of at most {MOST_ENTRIES} is expected here")
            return []
        return [read_one(entry, f"{place}[{index}]") for index, entry in enumerate(value)]

    def _names(self, given: Mapping[str, Any], key: str, place: str) -> tuple[str, ...]:
        return tuple(sorted(self._once_each(self._entries(given, key, place, self._text), _join(place, key))))

    def _choices(
        self, given: Mapping[str, Any], key: str, place: str, choices: tuple[Choice, ...]
    ) -> tuple[Choice, ...]:
        found = self._entries(given, key, place, lambda entry, at: self._choice(entry, at, choices))
        chosen = self._once_each([entry for entry in found if entry is not None], _join(place, key))
        return tuple(sorted(chosen, key=choices.index))

    def _once_each(self, found: list[Value], place: str) -> set[Value]:
        if len(set(found)) < len(found):
            self._wrong(place, "something is named twice")
        return set(found)

    def _choice(self, value: Any, place: str, choices: tuple[Choice, ...]) -> Choice | None:
        for choice in choices:
            if isinstance(value, str) and value == choice.value:
                return choice
        self._wrong(place, f"one of {', '.join(choice.value for choice in choices)} is expected here")
        return None

    def _text(self, value: Any, place: str) -> str:
        if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > LONGEST_TEXT:
            self._wrong(place, f"a text of at most {LONGEST_TEXT} characters on one line is expected here")
            return ""
        return value.strip()

    def _flag(self, given: Mapping[str, Any], key: str, place: str = "") -> bool:
        value = given.get(key, False)
        if not isinstance(value, bool):
            self._wrong(_join(place, key), "true or false is expected here")
        return value is True

    def _number(self, given: Mapping[str, Any], key: str, place: str, low: int, high: int) -> int | None:
        value = given.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self._wrong(_join(place, key), f"a whole number from {low} to {high} is expected here")
            return None
        return value

    def _amount(self, given: Mapping[str, Any], key: str, place: str) -> float | None:
        value = given.get(key)
        if value is None:
            return None
        number = not isinstance(value, bool) and isinstance(value, int | float)
        if not number or not math.isfinite(value) or not 0 <= value <= MOST:
            self._wrong(_join(place, key), f"an amount from 0 to {MOST} is expected here")
            return None
        return float(value)

    def _wrong(self, place: str, message: str) -> None:
        self.mistakes.append(Mistake(place, message))


_SOME_TIME = Once(datetime.min, datetime.max)  # noqa: DTZ901
"""Stands for a time that could not be read; it never leaves this module."""


def _join(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _canonical(requirement: Requirement) -> str:
    return json.dumps(requirement.as_dict(), sort_keys=True)
