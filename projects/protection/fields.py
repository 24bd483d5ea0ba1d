"""Parsed JSON -> values of known kinds, or what is wrong at which place; reads on after a mistake."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from projects.configuration.problems import did_you_mean, shown

MOST = 1_000_000
LONGEST_TEXT = 120
MOST_ENTRIES = 100

Value = TypeVar("Value")
Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong at one place, which reads like `approvals[0].count`; empty for the whole."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class Fields:
    """Reads values by their key; `mistakes` fills up meanwhile, and whatever is wrong is read as if it were nothing."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []

    def mapping(self, value: Any, place: str, known: Iterable[str]) -> Mapping[str, Any]:
        """An object with no other keys than these."""
        if not isinstance(value, Mapping):
            self.wrong(place, "an object is expected here")
            return {}
        names = sorted(known)
        for key in value:
            if key not in names:
                hint = did_you_mean(str(key), names)
                self.wrong(join(place, shown(str(key))), "this is not known here" + (f"; {hint}" if hint else ""))
        return value

    def entries(
        self, given: Mapping[str, Any], key: str, place: str, read_one: Callable[[Any, str], Value]
    ) -> list[Value]:
        """What `read_one` makes of every entry of a list; empty where there is none."""
        value, place = given.get(key), join(place, key)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > MOST_ENTRIES:
            self.wrong(place, f"a list of at most {MOST_ENTRIES} is expected here")
            return []
        return [read_one(entry, f"{place}[{index}]") for index, entry in enumerate(value)]

    def names(self, given: Mapping[str, Any], key: str, place: str) -> tuple[str, ...]:
        """A list of texts, sorted, each once."""
        return tuple(sorted(self.once_each(self.entries(given, key, place, self.text), join(place, key))))

    def choices(
        self, given: Mapping[str, Any], key: str, place: str, choices: tuple[Choice, ...]
    ) -> tuple[Choice, ...]:
        """A list of choices by their values, each once, in the order of `choices`."""
        found = self.entries(given, key, place, lambda entry, at: self.choice(entry, at, choices))
        chosen = self.once_each([entry for entry in found if entry is not None], join(place, key))
        return tuple(sorted(chosen, key=choices.index))

    def once_each(self, found: list[Value], place: str) -> set[Value]:
        """The values, none of which may be there twice."""
        if len(set(found)) < len(found):
            self.wrong(place, "something is named twice")
        return set(found)

    def choice(self, value: Any, place: str, choices: tuple[Choice, ...]) -> Choice | None:
        """One of the choices, by its value."""
        for choice in choices:
            if isinstance(value, str) and value == choice.value:
                return choice
        self.wrong(place, f"one of {', '.join(choice.value for choice in choices)} is expected here")
        return None

    def text(self, value: Any, place: str) -> str:
        """One line of text, without blanks around it."""
        if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > LONGEST_TEXT:
            self.wrong(place, f"a text of at most {LONGEST_TEXT} characters on one line is expected here")
            return ""
        return value.strip()

    def flag(self, given: Mapping[str, Any], key: str, place: str = "") -> bool:
        """True or false; false where there is none."""
        value = given.get(key, False)
        if not isinstance(value, bool):
            self.wrong(join(place, key), "true or false is expected here")
        return value is True

    def number(self, given: Mapping[str, Any], key: str, place: str, low: int, high: int) -> int | None:
        """A whole number within these bounds, None where there is none."""
        value = given.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.wrong(join(place, key), f"a whole number from {low} to {high} is expected here")
            return None
        return value

    def amount(self, given: Mapping[str, Any], key: str, place: str) -> float | None:
        """A number from 0 on, None where there is none; neither NaN nor infinity."""
        value = given.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST:
            self.wrong(join(place, key), f"an amount from 0 to {MOST} is expected here")
            return None
        return float(value)

    def wrong(self, place: str, message: str) -> None:
        """Notes a mistake."""
        self.mistakes.append(Mistake(place, message))


def join(place: str, key: str) -> str:
    """`approvals[0]` and `count` as `approvals[0].count`."""
    return f"{place}.{key}" if place else key
