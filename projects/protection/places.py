"""Who fills which of the places that approvals have to fill: nobody two of them, and as many as can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from projects.protection.facts import Person
from projects.protection.model import Requirement


@dataclass(frozen=True, slots=True)
class Shortage:
    """What one requirement lacks: `missing` people, of whom `candidates` could be some, or too few."""

    requirement: Requirement
    missing: int
    candidates: tuple[Person, ...]


def meets(person: Person, requirement: Requirement) -> bool:
    """Whether the person is one of those that the requirement names."""
    if not (requirement.people or requirement.groups or requirement.roles):
        return True
    return (
        person.username in requirement.people
        or person.role in requirement.roles
        or not person.groups.isdisjoint(requirement.groups)
    )


def shortages(
    requirements: Sequence[Requirement], approved: Sequence[Person], others: Sequence[Person]
) -> tuple[Shortage, ...]:
    """What still lacks when everybody in `approved` stands where it helps most; `others` could approve and have not.

    The people are put on places by augmenting paths: first those who approved, then the others where something is
    left, which never takes a place from the first. So everybody who is named as a candidate does help.
    """
    places = [requirement for requirement in requirements for _ in range(requirement.count)]
    holders: dict[int, Person] = {}
    for person in sorted(approved, key=_by_id):
        _seat(person, places, holders, set())
    seated = set(holders.values())
    waiting = sorted(others, key=_by_id)
    for person in waiting:
        if len(holders) == len(places):
            break
        _seat(person, places, holders, set())
    missing: dict[Requirement, int] = {}
    for index, place in enumerate(places):
        if holders.get(index) not in seated:
            missing[place] = missing.get(place, 0) + 1
    return tuple(
        Shortage(requirement, count, tuple(person for person in waiting if meets(person, requirement)))
        for requirement, count in missing.items()
    )


def _by_id(person: Person) -> int:
    return person.id


def _seat(person: Person, places: Sequence[Requirement], holders: dict[int, Person], tried: set[int]) -> bool:
    """Finds the person a place, moving those who hold one if need be; False where there is none for one more."""
    for index, place in enumerate(places):
        if index in tried or not meets(person, place):
            continue
        tried.add(index)
        if index not in holders or _seat(holders[index], places, holders, tried):
            holders[index] = person
            return True
    return False
