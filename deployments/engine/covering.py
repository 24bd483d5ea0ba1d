"""Whether a newer plan does nothing that an approved one does not do: then what was said of that one holds for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deployments.engine.canonical import dumps
from deployments.engine.plan import Action, Change, Plan, Reason, Subject

_IN_PLACE = frozenset({Action.UPDATE, Action.IMPORT})


@dataclass(frozen=True, slots=True)
class Altered:
    """A resource that both plans do something to; `parts` name what is not as it was approved, in words."""

    approved: Change
    now: Change
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """The newer plan held against the approved one: every change of either is in one of these.

    `subject` names what the two plans are about that differs. `same` are the newer plan's changes as they were
    approved, `lessened` those that do a part of it. `gone` were approved and are no longer done. What was not approved
    is `added` or `altered`.
    """

    subject: tuple[str, ...]
    same: tuple[Change, ...]
    lessened: tuple[Change, ...]
    gone: tuple[Change, ...]
    added: tuple[Change, ...]
    altered: tuple[Altered, ...]

    @property
    def covered(self) -> bool:
        """The newer plan is a subset of the approved one."""
        return not (self.subject or self.added or self.altered)


def cover(*, approved: Plan, now: Plan) -> Coverage:
    """Holds the plan `now` against the approved one.

    What is left as it is needs no approval. A change is covered by one that does the same to the same resource, for
    the same reason and with the same consequences, down to every property; one that is made in place may write fewer
    properties, and the removal of an entry whose resource is already gone is covered by the deletion. Volatile tags
    (who deployed, which version) follow from the deployment, not from the plan, and may differ.
    """
    before, after = _doing(approved), _doing(now)
    same, lessened, added, altered = [], [], [], []
    for logical_id, change in after.items():
        other = before.get(logical_id)
        if other is None:
            added.append(change)
        elif dumps(_told(other)) == dumps(_told(change)):
            same.append(change)
        elif parts := _parts(other, change):
            altered.append(Altered(other, change, parts))
        else:
            lessened.append(change)
    return Coverage(
        subject=_subject(approved.subject, now.subject),
        same=tuple(same),
        lessened=tuple(lessened),
        gone=tuple(change for logical_id, change in before.items() if logical_id not in after),
        added=tuple(added),
        altered=tuple(altered),
    )


def _doing(plan: Plan) -> dict[str, Change]:
    return {change.logical_id: change for change in plan.changes if change.action is not Action.NO_CHANGE}


def _told(change: Change) -> dict[str, Any]:
    """The change as plain JSON, without the tags that follow from the deployment."""
    told = change.as_dict()
    if "target" in told:
        told["target"].pop("volatileTags", None)
    return told


_WORDS = {
    "stack": "its stack",
    "type": "its type",
    "action": "what is done",
    "reason": "why it is done",
    "physicalId": "which resource it is",
    "dataLoss": "whether data is lost",
    "notes": "what is said about it",
    "costBefore": "what it costs",
    "costAfter": "what it will cost",
    "target": "what is written",
    "dependencies": "what it needs",
    "used": "what it needed so far",
    "awaits": "what has to be gone first",
    "replacedAs": "which of old and new is first",
    "agent": "its agent",
}
"""Parts of a change, except its properties, which are named one by one, and the logical id, by which it is found."""

_FOLLOWS = frozenset({"reason", "notes", "costBefore"})
"""Parts that follow from the properties that differ, and so are others where fewer do."""

_GONE = frozenset({"reason", "dataLoss", "notes", "costBefore"})
"""Parts of a deletion that are others where nothing is left to delete."""


def _parts(approved: Change, now: Change) -> tuple[str, ...]:
    """What of the change was not approved, in words; empty where it does a part of what was."""
    before, after = _told(approved), _told(now)
    known = {row.path: dumps(row.as_dict()) for row in approved.properties}
    rows = tuple(row.path for row in now.properties if known.get(row.path) != dumps(row.as_dict()))
    fewer = {row.path for row in now.properties} < known.keys()
    free: frozenset[str] = frozenset()
    if now.action is Action.DELETE and now.reason is Reason.ALREADY_GONE:
        free = _GONE
    elif now.action in _IN_PLACE and fewer and not rows and _is_less(approved, now):
        free = _FOLLOWS
    words = [
        word for part, word in _WORDS.items() if part not in free and dumps(before.get(part)) != dumps(after.get(part))
    ]
    missing = fewer and not free
    return (*words, *rows, *(("properties that are no longer changed",) if missing else ()))


def _is_less(approved: Change, now: Change) -> bool:
    """Nothing is said that was not read before, and it makes nothing dearer than was agreed to."""
    before, after = ((change.cost_after or 0.0) - (change.cost_before or 0.0) for change in (approved, now))
    return set(now.notes) <= set(approved.notes) and after <= before


_SUBJECT = {
    "kind": "what the plan is for",
    "project": "the project",
    "environment": "the environment",
    "account": "the account",
    "region": "the region",
    "configuration": "the configuration",
    "sourceDigest": "the sources",
    "rollbackTo": "the deployment to go back to",
    "targets": "what the plan is limited to",
}
"""What both plans have to be about; the state and what is live, from which they were made, may have moved."""


def _subject(approved: Subject, now: Subject) -> tuple[str, ...]:
    before, after = approved.as_dict(), now.as_dict()
    return tuple(word for part, word in _SUBJECT.items() if before.get(part) != after.get(part))
