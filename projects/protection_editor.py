"""A protection as people edit it, in as many rows as there are; what was typed is kept until all of it can be read.

Mistakes, which `projects.protection.reading` tells by their places, find the inputs that are named so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django.utils.datastructures import MultiValueDict

from projects.protection.fields import Mistake
from projects.protection.model import Protection
from projects.protection.reading import Unreadable, read
from projects.protection_forms import Choices, FreezeForm, RequirementForm, SettingsForm

Typed = MultiValueDict[str, str]

ROWS = {"approvals": {"count": ["1"]}, "freezes": {"kind": ["weekly"], "zone": ["UTC"], "running": ["finish"]}}
"""The lists, and what a new row of each begins with."""
MOST_ROWS = 50
_ROW = re.compile(r"(approvals|freezes)\[(\d{1,3})\]\.(.+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Known:
    """Who and what can be named: usernames and groups of those who may approve, the project's other environments."""

    people: Choices
    groups: Choices
    environments: Choices


class Editor:
    """All the forms over what was typed."""

    def __init__(self, typed: Typed, known: Known) -> None:
        self.settings = SettingsForm(typed)
        for name in ("promoted_from", "upstream"):
            self.settings.offer(name, known.environments, "no other environment here")
        self.approvals = [RequirementForm(typed, prefix=place) for place in _rows(typed, "approvals")]
        for requirement in self.approvals:
            requirement.offer("people", known.people, "may not approve here")
            requirement.offer("groups", known.groups, "no group here")
        self.freezes = [FreezeForm(typed, prefix=place) for place in _rows(typed, "freezes")]
        self.mistakes: list[Mistake] = []

    def as_data(self) -> dict[str, Any]:
        """JSON of what was typed."""
        return {
            "approvals": [form.as_data() for form in self.approvals],
            **self.settings.as_data(),
            "freezes": [form.as_data() for form in self.freezes],
        }

    def read(self) -> Protection | None:
        """The protection, or None; then each mistake is at its input, and those without one are `mistakes`.

        The first of those inputs gets the focus.
        """
        try:
            return read(self.as_data())
        except Unreadable as unreadable:
            inputs = {
                form.add_prefix(name): (form, name)
                for form in (self.settings, *self.approvals, *self.freezes)
                for name in form.fields
            }
            found = False
            for mistake in unreadable.mistakes:
                form, name = inputs.get(re.sub(r"\[\d+\]$", "", mistake.place), (None, ""))
                if form is None:
                    self.mistakes.append(mistake)
                else:
                    if not found:
                        form.fields[name].widget.attrs["autofocus"] = True
                    found = True
                    form.add_error(name, mistake.message[:1].upper() + mistake.message[1:] + ".")
            return None


def typed_of(protection: Protection) -> Typed:
    """What somebody would have typed for it."""
    typed: Typed = MultiValueDict()
    for place, values in _typed("", protection.as_dict()):
        typed.setlist(place, values)
    for place, freeze in zip(_rows(typed, "freezes"), protection.freezes, strict=True):
        typed[f"{place}.kind"] = type(freeze.when).__name__.lower()
    return typed


def with_row(typed: Typed, name: str) -> Typed:
    """The same with one more row in that list."""
    rows = _by_row(typed)
    if len(rows[name]) < MOST_ROWS:
        rows[name].append(ROWS[name])
    return _numbered(typed, rows)


def without_row(typed: Typed, name: str, index: int) -> Typed:
    """The same without that row, if there is one."""
    rows = _by_row(typed)
    rows[name][index : index + 1] = []
    return _numbered(typed, rows)


def numbered(typed: Typed) -> Typed:
    """The same with rows that count from 0 on, as they are read."""
    return _numbered(typed, _by_row(typed))


@cache
def zones() -> tuple[str, ...]:
    """Names of the IANA time zone database, to choose from."""
    return tuple(sorted(available_timezones()))


def _typed(place: str, value: Any) -> Iterator[tuple[str, list[str]]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _typed(f"{place}.{key}" if place else key, inner)
    elif isinstance(value, list) and place in ROWS:
        for index, inner in enumerate(value):
            yield from _typed(f"{place}[{index}]", inner)
    elif isinstance(value, list):
        yield place, [str(each) for each in value]
    elif isinstance(value, bool):
        yield place, ["on"] if value else []
    else:
        yield place, ["" if value is None else str(value)]


def _rows(typed: Typed, name: str) -> list[str]:
    """The places of the rows of a list, in their order."""
    indices = {int(match[2]) for match in map(_ROW.fullmatch, typed) if match and match[1] == name}
    return [f"{name}[{index}]" for index in sorted(indices)]


def _by_row(typed: Typed) -> dict[str, list[dict[str, list[str]]]]:
    rows: dict[str, dict[int, dict[str, list[str]]]] = {name: {} for name in ROWS}
    for key in typed:
        if match := _ROW.fullmatch(key):
            rows[match[1]].setdefault(int(match[2]), {})[match[3]] = typed.getlist(key)
    return {name: [found[index] for index in sorted(found)] for name, found in rows.items()}


def _numbered(typed: Typed, rows: Mapping[str, list[dict[str, list[str]]]]) -> Typed:
    fresh: Typed = MultiValueDict({key: typed.getlist(key) for key in typed if not _ROW.fullmatch(key)})
    for name, found in rows.items():
        for index, row in enumerate(found):
            for rest, values in row.items():
                fresh.setlist(f"{name}[{index}].{rest}", values)
    return fresh
