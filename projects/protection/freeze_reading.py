"""The freezes of a protection, read with their mistakes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from projects.configuration.problems import did_you_mean, shown
from projects.protection import cron
from projects.protection.fields import Fields
from projects.protection.model import Cron, Day, Freeze, Once, Running, Weekly

MOST_MINUTES = 60 * 24 * 7
MOST_SPELLS = 24
_KINDS = ("once", "weekly", "cron")


def read_freezes(fields: Fields, given: Mapping[str, Any]) -> tuple[Freeze, ...]:
    """Those under `freezes`, by name; mistakes go to `fields`."""
    found = fields.entries(given, "freezes", "", partial(_freeze, fields))
    names = [freeze.name for freeze in found]
    for index, name in enumerate(names):
        if name and name in names[:index]:
            fields.wrong(f"freezes[{index}].name", f"there is a freeze {shown(name)} already")
    return tuple(sorted(found, key=lambda freeze: freeze.name))


def _freeze(fields: Fields, data: Any, place: str) -> Freeze:
    given = fields.mapping(data, place, ("name", "zone", "running", *_KINDS))
    when: Once | Weekly | Cron = _SOME_TIME
    if given and len(given.keys() & _KINDS) != 1:
        fields.wrong(place, "say either once, weekly or cron")
    elif "once" in given:
        when = _once(fields, given["once"], f"{place}.once")
    elif "weekly" in given:
        when = _weekly(fields, given["weekly"], f"{place}.weekly")
    elif "cron" in given:
        when = _cron(fields, given["cron"], f"{place}.cron")
    running = given.get("running", Running.FINISH.value)
    return Freeze(
        name=fields.text(given.get("name"), f"{place}.name"),
        zone=_zone(fields, given.get("zone"), f"{place}.zone"),
        when=when,
        running=fields.choice(running, f"{place}.running", tuple(Running)) or Running.FINISH,
    )


def _once(fields: Fields, data: Any, place: str) -> Once:
    given = fields.mapping(data, place, ("start", "end"))
    start, end = (_moment(fields, given.get(key), f"{place}.{key}") for key in ("start", "end"))
    if start is None or end is None:
        return _SOME_TIME
    if end <= start:
        fields.wrong(f"{place}.end", "it has to end after it starts")
    return Once(start, end)


def _weekly(fields: Fields, data: Any, place: str) -> Weekly:
    given = fields.mapping(data, place, ("days", "at", "minutes"))
    days = fields.choices(given, "days", place, tuple(Day))
    if not days and isinstance(given.get("days"), list | None):
        fields.wrong(f"{place}.days", "name at least one day, such as fri")
    return Weekly(days, _time(fields, given.get("at"), f"{place}.at"), _minutes(fields, given, place))


def _cron(fields: Fields, data: Any, place: str) -> Cron:
    given = fields.mapping(data, place, ("expression", "minutes"))
    expression = " ".join(fields.text(given.get("expression"), f"{place}.expression").lower().split())
    minutes = _minutes(fields, given, place)
    if expression:
        try:
            if len(cron.spells(expression, minutes)) > MOST_SPELLS and given.get("minutes") == minutes:
                fields.wrong(f"{place}.expression", f"it begins anew more than {MOST_SPELLS} times a day")
        except ValueError as error:
            fields.wrong(f"{place}.expression", str(error))
    return Cron(expression, minutes)


def _minutes(fields: Fields, given: Mapping[str, Any], place: str) -> int:
    if given.get("minutes") is None:
        fields.wrong(f"{place}.minutes", "say how many minutes it lasts")
    return fields.number(given, "minutes", place, 1, MOST_MINUTES) or 1


def _moment(fields: Fields, value: Any, place: str) -> datetime | None:
    try:
        moment = datetime.strptime(value, "%Y-%m-%dT%H:%M") if isinstance(value, str) else None  # noqa: DTZ007
    except ValueError:
        moment = None
    if moment is None or not 2000 <= moment.year <= 9000 or moment.isoformat("T", "minutes") != value:
        fields.wrong(place, "a local time reads like 2026-12-24T18:00")
        return None
    return moment


def _time(fields: Fields, value: Any, place: str) -> time:
    try:
        found = time.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo or found.isoformat("minutes") != value:
        fields.wrong(place, "a time of day reads like 16:00")
        return time()
    return found


def _zone(fields: Fields, value: Any, place: str) -> str:
    name = fields.text(value, place)
    if name:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            nearest = did_you_mean(name, available_timezones())
            fields.wrong(place, f"there is no time zone {shown(name)}" + (f"; {nearest}" if nearest else ""))
    return name


_SOME_TIME = Once(datetime.min, datetime.max)  # noqa: DTZ901
"""Stands for a time that could not be read; it never leaves this module."""
