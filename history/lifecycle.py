"""The history bucket's lifecycle rules, as the settings want them and as they are: looked at, and applied.

Only documents of records are moved, by the tag they are written with: prefixes cannot tell them from the chain, the
annotations and the keys, which have to be readable at once. Rules of others in the same bucket are never touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from history import chain
from history.records import Manifest, NotARecord
from history.store import NotThere, S3Store, Store
from history.store.s3 import DOCUMENT

OURS = "strandsweb-"
UPLOAD_DAYS = 7
CLASSES = ("STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
"""From the dearest to the cheapest to keep; the last two have to be restored before they can be read."""
SLOW = frozenset(CLASSES[2:])
LEAST_DAYS = 30
"""S3 moves nothing to STANDARD_IA earlier, and bills later classes for so many days at least."""

Rule = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules that are wanted and those that are there, of ours; the ids of others'; and the difference in words."""

    wanted: tuple[Rule, ...]
    live: tuple[Rule, ...]
    others: tuple[str, ...]
    differences: tuple[str, ...]

    @property
    def slow(self) -> tuple[str, ...]:
        """The storage classes of the wanted ones whose objects cannot be read at once."""
        moves = [move for rule in self.wanted for move in rule.get("Transitions", ())]
        return tuple(move["StorageClass"] for move in moves if move["StorageClass"] in SLOW)


def wanted(prefix: str = "") -> tuple[Rule, ...]:
    """The rules that the settings ask for, for a bucket whose keys all begin with `prefix`; none where they are empty.

    Raises:
        ImproperlyConfigured: `HISTORY_LIFECYCLE` is not a list of storage classes with days, each later than the one
            before it.
    """
    moves = _moves(settings.HISTORY_LIFECYCLE)
    if not moves:
        return ()
    tag = {"Key": DOCUMENT[0], "Value": DOCUMENT[1]}
    return (
        {
            "ID": f"{OURS}documents",
            "Status": "Enabled",
            "Filter": {"And": {"Prefix": prefix, "Tags": [tag]}} if prefix else {"Tag": tag},
            "Transitions": [{"Days": days, "StorageClass": name} for name, days in moves],
            "NoncurrentVersionExpiration": {"NoncurrentDays": settings.HISTORY_NONCURRENT_DAYS},
        },
        {
            "ID": f"{OURS}leftovers",
            "Status": "Enabled",
            "Filter": {"Prefix": prefix},
            "Expiration": {"ExpiredObjectDeleteMarker": True},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": UPLOAD_DAYS},
        },
    )


def look(store: Store) -> Rules | None:
    """What is wanted and what is there; None where the history is not in S3, and there is nothing to manage.

    Raises:
        StoreUnavailable: the bucket does not answer, or its rules may not be read.
    """
    if not isinstance(store, S3Store):
        return None
    found = store.rules()
    live = tuple(rule for rule in found if _is_ours(rule))
    others = tuple(str(rule.get("ID", "without id")) for rule in found if not _is_ours(rule))
    ours = wanted(store.prefix)
    return Rules(ours, live, others, tuple(_differences(ours, live)))


def apply(store: Store) -> Rules | None:
    """Makes the bucket's rules what the settings want, beside those of others; answers what was different.

    Raises:
        StoreUnavailable: the bucket does not answer, or its rules may not be changed.
    """
    before = look(store)
    if before is not None and before.differences:
        assert isinstance(store, S3Store), "others have no rules"
        store.set_rules([*(rule for rule in store.rules() if not _is_ours(rule)), *map(dict, before.wanted)])
    return before


def tag_documents(store: Store) -> int:
    """Gives the tag to documents that were written before there were rules; answers how many there are."""
    tagged = 0
    for key in _documents(store):
        assert isinstance(store, S3Store), "only objects in S3 are tagged"
        store.tag_document(key)
        tagged += 1
    return tagged


def restore(store: Store, manifest: Manifest) -> int:
    """Asks for the archived documents of a record; answers how many were asked for."""
    if not isinstance(store, S3Store):
        return 0
    return sum(store.restore(manifest.prefix + name) for name in manifest.files)


def in_words(rule: Rule) -> str:
    """What a rule of ours does, as a sentence without full stop."""
    said = [f"to {move['StorageClass']} after {move['Days']} days" for move in rule.get("Transitions", ())]
    if "NoncurrentVersionExpiration" in rule:
        said.append(f"versions of deleted ones end after {rule['NoncurrentVersionExpiration']['NoncurrentDays']} days")
    if "AbortIncompleteMultipartUpload" in rule:
        days = rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
        said.append(f"unfinished uploads end after {days} days")
    if rule.get("Expiration", {}).get("ExpiredObjectDeleteMarker"):
        said.append("marks of deleted objects go once nothing is behind them")
    return "; ".join(said) or "nothing"


def _moves(text: str) -> list[tuple[str, int]]:
    moves: list[tuple[str, int]] = []
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, _, days = part.partition("=")
        if name not in CLASSES or not days.isdecimal() or int(days) < LEAST_DAYS:
            raise ImproperlyConfigured(
                f"HISTORY_LIFECYCLE has {part!r}; it takes {', '.join(CLASSES)}, each with days, at least {LEAST_DAYS}:"
                " STANDARD_IA=30,GLACIER_IR=180"
            )
        moves.append((name, int(days)))
    order = [(CLASSES.index(name), days) for name, days in moves]
    if any(after[0] <= before[0] or after[1] < before[1] + LEAST_DAYS for before, after in pairwise(order)):
        raise ImproperlyConfigured(
            f"HISTORY_LIFECYCLE is {text!r}; each class has to be cheaper than the one before it, and {LEAST_DAYS} days"
            " later"
        )
    return moves


def _is_ours(rule: Rule) -> bool:
    return str(rule.get("ID", "")).startswith(OURS)


def _differences(ours: tuple[Rule, ...], live: tuple[Rule, ...]) -> Iterator[str]:
    there = {rule["ID"]: rule for rule in live}
    for rule in ours:
        found = there.pop(rule["ID"], None)
        if found is None:
            yield f"{rule['ID']} is missing: {in_words(rule)}"
        elif found != rule:
            yield f"{rule['ID']} is another one: {in_words(found)}, instead of: {in_words(rule)}"
    for name, rule in there.items():
        yield f"{name} is there and not wanted: {in_words(rule)}"


def _documents(store: Store) -> Iterator[str]:
    """The documents of every record that are still there."""
    for project, environment in chain.environments(store):
        for _, data in chain.links(store, project, environment):
            try:
                manifest = Manifest.from_bytes(data)
                there = set(store.keys(manifest.prefix))
            except (NotARecord, NotThere):
                continue  # history_verify names it
            yield from (key for name in manifest.files if (key := manifest.prefix + name) in there)
