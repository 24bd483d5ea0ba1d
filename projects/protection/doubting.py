"""What a protection asks for that cannot be had as things are now: no mistake, but somebody should know."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from projects.protection.facts import Person
from projects.protection.model import Protection
from projects.protection.places import meets
from projects.protection.wording import counted, listed, requirement_words
from projects.roles import Action, can


def doubts(
    protection: Protection, people: Sequence[Person], environments: Collection[str], before_on_path: str | None = None
) -> tuple[str, ...]:
    """One sentence each. `people` have a role in the environment, `environments` are the project's others.

    `before_on_path`: as in `facts.Facts`.
    """
    approvers = [person for person in people if can(person.role, Action.APPROVE)]
    found = []
    for requirement in protection.approvals:
        able = [person.name for person in approvers if meets(person, requirement)]
        if len(able) < requirement.count:
            asked = f"{counted(requirement.count, 'approval')} by {requirement_words(requirement)}"
            found.append(f"{asked}: {f'only {listed(able)}' if able else 'nobody'} could approve now.")
    found += [
        f"{name} is no other environment of this project: nothing can come from there."
        for name in dict.fromkeys((*protection.promoted_from, *protection.upstream))
        if name not in environments
    ]
    if protection.upstream_of_path and not before_on_path:
        told = "nothing may be deployed here" if before_on_path is None else "nothing is asked for"
        place = "is not on the project's path" if before_on_path is None else "is the first on the project's path"
        found.append(f"This environment {place}: {told} until that changes.")
    return tuple(found)
