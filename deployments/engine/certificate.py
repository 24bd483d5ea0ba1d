"""A certificate: resource by resource, whether what is live is what a past deployment had made, or why it is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from deployments.engine.errors import Refused

FORMAT = "1"


class Verdict(StrEnum):
    """What it all comes to."""

    RESTORED = "restored"
    EXCEPTIONS = "restored with exceptions"
    NOT_RESTORED = "not restored"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """What became of one resource."""

    EQUAL = "equal"
    GONE = "gone"
    EXCEPTED = "excepted"
    NOT_RESTORED = "not restored"


class Finding(StrEnum):
    """What there is to say of a resource, beside that it is equal.

    MISSING, DIFFERS, STILL_THERE  it is not restored: it is not there, is not as it was, or should be gone
    CREATED_AGAIN   it has another physical id, as it had to be created again
    GENERATED       it holds ids and addresses that AWS makes, of resources that were created again
    DATA            what it held then is not in it
    VALUE           its secret value was changed since; values are never recorded
    OUTSIDE         somebody changed it after the run
    RETAINED        it was not there then, and is protected, so it stays
    LEFT            a failed run had changed it, and taking back only deletes
    NOT_GIVEN_BACK  a property that AWS never gives back is as it was written; nobody can say more, so this is a remark
    """

    MISSING = "missing"
    DIFFERS = "differs"
    STILL_THERE = "still-there"
    CREATED_AGAIN = "created-again"
    GENERATED = "generated-ids"
    DATA = "data"
    VALUE = "secret-value"
    OUTSIDE = "changed-outside"
    RETAINED = "retained"
    LEFT = "left"
    NOT_GIVEN_BACK = "not-given-back"


FATAL = frozenset({Finding.MISSING, Finding.DIFFERS, Finding.STILL_THERE})
REMARKS = frozenset({Finding.NOT_GIVEN_BACK})


@dataclass(frozen=True, slots=True)
class Found:
    """One finding as a sentence, with the property paths it is about, if it is about some."""

    finding: Finding
    text: str
    paths: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"finding": self.finding.value, "text": self.text, "paths": list(self.paths)}


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource.

    The digests are SHA-256 over what is ours to look at of its properties and tags, as recorded then and as live now,
    each value once by meaning; None where it should be gone. `physical_id` is None where it is not there.
    """

    stack: str
    logical_id: str
    type: str
    physical_id: str | None = None
    target_digest: str | None = None
    live_digest: str | None = None
    found: tuple[Found, ...] = ()
    wanted: bool = True

    @property
    def outcome(self) -> Outcome:
        """The worst that was found."""
        kinds = {each.finding for each in self.found}
        if kinds & FATAL:
            return Outcome.NOT_RESTORED
        if kinds - REMARKS:
            return Outcome.EXCEPTED
        return Outcome.EQUAL if self.wanted else Outcome.GONE

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, with the outcome, so that readers need no rules."""
        return {
            "stack": self.stack,
            "logicalId": self.logical_id,
            "type": self.type,
            "physicalId": self.physical_id,
            "wanted": self.wanted,
            "outcome": self.outcome.value,
            "targetDigest": self.target_digest,
            "liveDigest": self.live_digest,
            "found": [each.as_dict() for each in self.found],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Entry:
        """The inverse of `as_dict`."""
        return cls(
            stack=data["stack"],
            logical_id=data["logicalId"],
            type=data["type"],
            physical_id=data["physicalId"],
            target_digest=data["targetDigest"],
            live_digest=data["liveDigest"],
            found=tuple(Found(Finding(each["finding"]), each["text"], tuple(each["paths"])) for each in data["found"]),
            wanted=data["wanted"],
        )


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a deployment restored.

    `target` is the deployment it went back to (empty: the state before the failed run it takes back), `parts` what it
    was limited to, `read_at` when live was read, ISO 8601 UTC; `unread` why it could not be, then there are no entries.
    """

    deployment: str
    target: str
    read_at: str
    entries: tuple[Entry, ...] = ()
    parts: tuple[str, ...] = ()
    unread: str = ""

    @property
    def verdict(self) -> Verdict:
        """The worst outcome of all."""
        outcomes = {entry.outcome for entry in self.entries}
        if self.unread:
            return Verdict.UNKNOWN
        if Outcome.NOT_RESTORED in outcomes:
            return Verdict.NOT_RESTORED
        return Verdict.EXCEPTIONS if Outcome.EXCEPTED in outcomes else Verdict.RESTORED

    def counts(self) -> dict[str, int]:
        """How many resources per outcome; every outcome has its key."""
        seen = Counter(entry.outcome for entry in self.entries)
        return {outcome.name.lower(): seen[outcome] for outcome in Outcome}

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, with verdict and counts."""
        return {
            "format": FORMAT,
            "deployment": self.deployment,
            "target": self.target,
            "parts": list(self.parts),
            "readAt": self.read_at,
            "verdict": self.verdict.value,
            "counts": self.counts(),
            "unread": self.unread,
            "entries": [entry.as_dict() for entry in self.entries],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Certificate:
        """The inverse of `as_dict`.

        Raises:
            Refused: another format; certificates are never guessed.
        """
        if data.get("format") != FORMAT:
            raise Refused(f"certificate format {data.get('format')!r} is not known here (expected {FORMAT!r})")
        return cls(
            deployment=data["deployment"],
            target=data["target"],
            read_at=data["readAt"],
            entries=tuple(map(Entry.from_dict, data["entries"])),
            parts=tuple(data["parts"]),
            unread=data["unread"],
        )
