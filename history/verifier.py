"""Verifies records of strandsweb, inside the installation that wrote them and, as one file, without it.

    python verify.py ARCHIVE                 a zip that strandsweb exported, or the folder it was unpacked into
    python verify.py --copy FOLDER           a copy of the whole bucket (or folder) with the records
      --key ID                               believe in this key; without, in whatever keys the archive brings
      --head PROJECT/ENVIRONMENT:NUMBER:DIGEST   a record somebody remembers; the end cannot be cut off before it
      --json                                 say it for programs

The exit code is 0 only when nothing is wrong. Needs Python 3.11 and the package `cryptography`, for one call: the check
of an Ed25519 signature (RFC 8032). Everything else is the standard library, and nothing of strandsweb.

What is signed is `strandsweb manifest 1 {digest}`, where the digest is the SHA-256 of the manifest's canonical JSON
without its signature (keys sorted, no white space, UTF-8). Keys, archives, annotations and adoptions say
so in that place.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
import zipfile
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, TextIO

FORMAT = "1"
KEYS = "_keys/"
FOREIGN = "_keys-"
ADOPTED = "_adopted/"
ARCHIVE = "archive.json"
BESIDE = {ARCHIVE, "verify.py", "README.txt"}
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
SAYS = {"tag", "untag", "hold", "unhold", "expired", "hold-all", "unhold-all"}


class Fault(StrEnum):
    """What may be wrong with a history."""

    EDITED = "edited"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    WRONG_KEY = "wrong key"


@dataclass(frozen=True, slots=True)
class Problem:
    """The first thing wrong: what, where (the object's key), in which record (0: in none), and why."""

    fault: Fault
    key: str
    sequence: int
    message: str

    def __str__(self) -> str:
        record = f" (record {self.sequence})" if self.sequence else ""
        return f"{self.fault.value}: {self.key}{record}: {self.message}"

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"fault": self.fault.value, "key": self.key, "sequence": self.sequence, "message": self.message}


@dataclass(frozen=True, slots=True)
class Head:
    """A record that is remembered outside the chain; `key` is who signed it, "" where that is not known."""

    sequence: int
    digest: str
    key: str = ""


BEGINNING = Head(0, "")


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the installation: its place among them, from 1, and its 32 public bytes."""

    number: int
    public: bytes


@dataclass(frozen=True, slots=True)
class Adopted:
    """Records that another installation wrote and this one took over: up to which, and the keys that count for them."""

    end: Head
    keys: Keys


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys that count, by id; and how far each `project/environment` went before anything was signed.

    `adopted` are the parts of an environment that came from elsewhere, in order, or what is wrong with that.
    """

    by_id: Mapping[str, Key] = field(default_factory=dict)
    unsigned: Mapping[str, Head] = field(default_factory=dict)
    adopted: Mapping[str, Sequence[Adopted] | Problem] = field(default_factory=dict)

    def adopting(self, place: str, sequence: int) -> Adopted | None:
        """The part that a record of the environment came with, if it came from elsewhere."""
        parts = self.adopted.get(place, ())
        if isinstance(parts, Problem):
            return None
        return next((part for part in parts if sequence <= part.end.sequence), None)

    def at(self, place: str, sequence: int) -> Keys:
        """Those that count for a record of the environment."""
        part = self.adopting(place, sequence)
        return part.keys if part else self


class Reader(Protocol):
    """Where the objects are: a store, a folder, a zip."""

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """All keys that start with `prefix` and sort behind `after`, in the order of their UTF-8 bytes."""

    def get(self, key: str) -> bytes:
        """The object's bytes."""


@dataclass(frozen=True, slots=True)
class _Manifest:
    """What verifying needs of a manifest; `name` and `value` are those of its signature, "" without one."""

    data: bytes
    sequence: int
    previous: str | None
    place: str
    deployment_id: str
    files: Mapping[str, str]
    digest: str
    name: str
    value: str
    annotations: Head = BEGINNING

    @property
    def prefix(self) -> str:
        return f"{self.place}/deployments/{self.deployment_id}/"


@dataclass(frozen=True, slots=True)
class _Annotation:
    """What verifying needs of an annotation; `metadata` and `files` are of a tombstone."""

    key: str
    place: str
    number: int
    previous: str | None
    sequence: int
    deployment_id: str
    manifest: str
    says: str
    name: str
    metadata: str
    files: frozenset[str]
    digest: str
    signer: str
    signature: str


@dataclass(frozen=True, slots=True)
class _Annotations:
    """All of an environment: their digests by number, and themselves by the record they are about."""

    digests: Mapping[int, str] = field(default_factory=dict)
    about: Mapping[int, Sequence[_Annotation]] = field(default_factory=dict)

    def tombstone(self, sequence: int) -> _Annotation | None:
        return next((each for each in self.about.get(sequence, ()) if each.says == "expired"), None)


class _Unreadable(ValueError):
    """The bytes are not what they should be; the message says why."""


def sha256(data: bytes) -> str:
    """64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def canonical(value: Any) -> bytes:
    """The one way to write a value down (as history.canonical)."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode(errors="backslashreplace")


def key_id(public: bytes) -> str:
    """The name of a key: the SHA-256 of its 32 public bytes."""
    return sha256(public)


def message(what: str, digest: str) -> bytes:
    """What is signed, for a digest of a `manifest`, `key`, `archive` and so on; none passes for another kind's."""
    return f"strandsweb {what} {FORMAT} {digest}".encode()


def fits(public: bytes, what: str, digest: str, signature: object) -> bool:
    """Whether the signature (base64) of that digest was made with the key."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        raw = base64.b64decode(str(signature), validate=True)
        Ed25519PublicKey.from_public_bytes(public).verify(raw, message(what, digest))
    except (InvalidSignature, ValueError):
        return False
    return True


def link(place: str, sequence: int) -> str:
    """The key of a place in a chain."""
    return f"{place}/chain/{sequence:010d}.json"


def annotation(place: str, number: int) -> str:
    """The key of what is said of a record later."""
    return f"{place}/annotations/{number:010d}.json"


def key_entry(number: int, folder: str = KEYS) -> str:
    """The key of an entry of a list of keys."""
    return f"{folder}{number:010d}.json"


def foreign(last: str) -> str:
    """The folder with a copy of the keys of another installation, named by the digest of the last entry."""
    return f"{FOREIGN}{last}/"


def adoption(place: str, sequence: int) -> str:
    """The key of what says that an environment's records, up to that one, came from elsewhere."""
    return f"{ADOPTED}{place.replace('/', '.')}.{sequence:010d}.json"


def read_keys(reader: Reader, believed: str = "") -> Keys | Problem:
    """The installation's keys, each signed by itself and introduced by the one before, or what is wrong with them.

    `believed` is the id of a key one knows to be right: those before it count, as its own signature covers them, and
    those behind it as far as each was introduced by a key that counts. Without it all of them are taken at their word.
    A key without introduction (the one before was lost) counts only for who believes in it or in a later one.
    """
    entries = _listed(reader, KEYS)
    if isinstance(entries, Problem):
        return entries
    if not entries:
        return Keys()
    ids = [str(entry["key"]) for entry in entries]
    if believed and believed not in ids:
        return Problem(Fault.WRONG_KEY, key_entry(len(ids)), 0, f"the key {believed} is not among the keys")
    last = ids.index(believed) if believed else len(ids) - 1
    while last + 1 < len(ids) and entries[last + 1]["introduction"] is not None:
        last += 1
    own = _counting(entries[: last + 1])
    return Keys(own.by_id, own.unsigned, _all_adopted(reader, own))


def _listed(reader: Reader, folder: str) -> list[dict[str, Any]] | Problem:
    """The entries of a list of keys, each signed by itself and, where it says so, by the one before."""
    entries: list[dict[str, Any]] = []
    before, public = None, b""
    for number, key in enumerate(reader.keys(folder), 1):
        expected = key_entry(number, folder)
        if key != expected:
            return Problem(Fault.DELETED, expected, 0, f"the keys go on with {key}")
        try:
            entry = _mapping(reader.get(key))
            own = base64.b64decode(str(entry["public"]), validate=True)
            _unsigned(entry)
        except (_Unreadable, KeyError, ValueError) as error:
            return Problem(Fault.EDITED, key, 0, f"it is no entry of a key: {error}")
        digest = entry_digest(entry)
        if (entry.get("format"), entry.get("number"), entry.get("key")) != (FORMAT, number, key_id(own)):
            return Problem(Fault.EDITED, key, 0, "it does not say what stands at this place")
        if entry.get("previous") != before:
            return Problem(Fault.EDITED, key, 0, "it does not follow from the key before it")
        if not fits(own, "key", digest, entry.get("signature")):
            return Problem(Fault.WRONG_KEY, key, 0, "its signature does not fit")
        introduction = entry.setdefault("introduction", None)
        if introduction is not None and not (public and fits(public, "key", digest, introduction)):
            return Problem(Fault.WRONG_KEY, key, 0, "the key before it did not introduce it")
        entries.append(entry)
        before, public = digest, own
    return entries


def _counting(entries: Sequence[Mapping[str, Any]]) -> Keys:
    keys = {str(entry["key"]): Key(at, base64.b64decode(entry["public"])) for at, entry in enumerate(entries, 1)}
    return Keys(keys, _unsigned(entries[0]))


def entry_digest(entry: Mapping[str, Any]) -> str:
    """What the entry of a key signs, and the next one names."""
    apart = ("signature", "introduction")
    return sha256(canonical({name: value for name, value in entry.items() if name not in apart}))


def _all_adopted(reader: Reader, own: Keys) -> dict[str, Sequence[Adopted] | Problem]:
    """What this installation took over, by `project/environment`; of several that say it, the last counts."""
    newest: dict[str, str] = {}
    for key in reader.keys(ADOPTED):
        if match := re.fullmatch(r"([^./]+)\.([^./]+)\.[0-9]{10}\.json", key[len(ADOPTED) :]):
            newest[f"{match[1]}/{match[2]}"] = key
    return {place: _adopted(reader, own, place, key) for place, key in newest.items()}


def _adopted(reader: Reader, own: Keys, place: str, key: str) -> list[Adopted] | Problem:
    """The parts of an environment that came from elsewhere, as a key of this installation vouches for them."""
    parts: list[Adopted] = []
    try:
        raw = _mapping(reader.get(key))
        signer = own.by_id.get(raw["key"])
        digest = sha256(canonical({name: value for name, value in raw.items() if name != "signature"}))
        if signer is None:
            return Problem(Fault.WRONG_KEY, key, 0, f"the key {raw['key']} is not known")
        if not fits(signer.public, "adoption", digest, raw.get("signature")):
            return Problem(Fault.WRONG_KEY, key, 0, "its signature does not fit")
        for part in raw["parts"]:
            entries = _listed(reader, foreign(part["keys"]))
            if isinstance(entries, Problem):
                return entries
            if not entries or entry_digest(entries[-1]) != part["keys"]:
                return Problem(Fault.EDITED, foreign(part["keys"]), 0, "these are not the keys that were taken over")
            parts.append(Adopted(Head(part["sequence"], part["digest"]), _counting(entries)))
        right = raw["format"] == FORMAT and raw["place"] == place and key == adoption(place, parts[-1].end.sequence)
    except (_Unreadable, KeyError, TypeError, IndexError) as error:
        return Problem(Fault.EDITED, key, 0, f"it does not say what was taken over: {error}")
    return parts if right else Problem(Fault.EDITED, key, 0, "it is about something else")


def verify(
    reader: Reader,
    place: str,
    keys: Keys,
    heads: Iterable[Head] = (),
    start: Head = BEGINNING,
    *,
    annotated: Iterable[Head] = (),
    some: bool = False,
) -> Problem | None:
    """Reads everything of an environment's history and returns the first thing that is wrong, None if nothing is.

    First what was said of records later: every annotation stands where its number says, names the digest of the one
    before and is signed by a key that counts. Then, in the order of the chain: every link stands where its number says,
    names the digest of the one before and is signed by a key that counts; its record has exactly the files the manifest
    lists, each with the digest it lists, unless an annotation says that they have expired. Then: no record stands
    beside the chain.

    With remembered `heads`, a chain cut short (or written anew) behind one shows as well; without, a missing end cannot
    be seen. `annotated` are remembered annotations, in the same way; with `some` they are all there are, and others are
    missing between them. Files without link, or a last link without manifest that nobody remembers, belong to a record
    that is being written. `place` is `project/environment`; `start` is the record before the first one to look at.
    """
    if isinstance(wrong := keys.adopted.get(place), Problem):
        return wrong
    annotations = _checked_annotations(reader, place, keys, {each.sequence: each for each in annotated}, some)
    if isinstance(annotations, Problem):
        return annotations
    remembered: dict[int, list[Head]] = {}
    for head in heads:
        remembered.setdefault(head.sequence, []).append(head)
    known = max([*remembered, *(() if some else annotations.about)], default=0)
    before, unsealed = start, None
    chained: set[str] = set()
    for key in reader.keys(f"{place}/chain/", link(place, start.sequence) if start.sequence else ""):
        if unsealed:
            return unsealed
        manifest = _checked_link(reader, place, keys, key, before)
        if isinstance(manifest, Problem):
            return manifest
        problem = _not_as_annotated(key, manifest, annotations, some) or _checked_files(
            reader, manifest, annotations.tombstone(manifest.sequence)
        )
        if problem and problem.key == f"{manifest.prefix}manifest.json" and problem.fault is Fault.DELETED:
            unsealed = problem
        elif problem:
            return problem
        if problem := _not_as_remembered(key, manifest, remembered.get(manifest.sequence, ())):
            return problem
        chained.add(manifest.deployment_id)
        before = Head(manifest.sequence, manifest.digest, manifest.name)
    reached = before.sequence
    if unsealed and reached <= known:
        return unsealed
    if reached < known:
        why = f"the chain ends before record {known}, its known end"
        return Problem(Fault.TRUNCATED, link(place, reached + 1), reached + 1, why)
    return _beside(reader, place, chained, reached)


def verify_one(
    reader: Reader, place: str, keys: Keys, head: Head, before: Head = BEGINNING, tombstone: int = 0
) -> Problem | None:
    """What is wrong with one record, which is remembered as `head` and follows `before`.

    `tombstone` is the number of the annotation that says it has expired, 0 if none does.
    """
    if isinstance(wrong := keys.adopted.get(place), Problem):
        return wrong
    key = link(place, head.sequence)
    if next(iter(reader.keys(key)), None) != key:
        return Problem(Fault.DELETED, key, head.sequence, "the record has no place in the chain")
    manifest = _checked_link(reader, place, keys, key, Head(head.sequence - 1, before.digest, before.key))
    if isinstance(manifest, Problem):
        return manifest
    named = annotation(place, tombstone)
    if tombstone and next(iter(reader.keys(named)), None) != named:
        return Problem(Fault.DELETED, named, head.sequence, "the tombstone is missing")
    stone = _checked_annotation(reader, place, keys, named, tombstone) if tombstone else None
    if isinstance(stone, Problem):
        return stone
    if stone and (problem := _not_as_annotated(key, manifest, _Annotations({}, {head.sequence: [stone]}), some=True)):
        return problem
    return _checked_files(reader, manifest, stone) or _not_as_remembered(key, manifest, [head])


def _checked_annotations(
    reader: Reader, place: str, keys: Keys, known: Mapping[int, Head], some: bool
) -> _Annotations | Problem:
    """All annotations of an environment, if they are right, or the first thing wrong with them."""
    digests: dict[int, str] = {}
    about: dict[int, list[_Annotation]] = {}
    kept = _Keeping()
    expected, number = sorted(known) if some else [], 0
    rank: tuple[int, ...] = ()
    for at, key in enumerate(reader.keys(f"{place}/annotations/")):
        number = expected[at] if at < len(expected) else number + 1
        found = _checked_annotation(reader, place, keys, key, number)
        if isinstance(found, Problem):
            return found
        if (number == 1 or number - 1 in digests) and found.previous != digests.get(number - 1):
            return Problem(Fault.EDITED, key, found.sequence, "it does not follow from the annotation before it")
        if _rank(keys, found) < rank:
            return Problem(Fault.WRONG_KEY, key, found.sequence, f"the key {found.signer} was replaced before")
        if number in known and known[number].digest != found.digest:
            why = "it is not the annotation that is remembered under this number"
            return Problem(Fault.EDITED, key, found.sequence, why)
        if some and number not in known:
            return Problem(Fault.INSERTED, key, found.sequence, "it was not exported")
        if found.says == "expired" and kept.keeps(found.sequence):
            return Problem(Fault.DELETED, key, found.sequence, "the record was let go while it was tagged or held")
        kept.hear(found)
        digests[number], rank = found.digest, _rank(keys, found)
        about.setdefault(found.sequence, []).append(found)
    if missing := [number for number in known if number not in digests]:
        why = f"the annotations end before number {max(missing)}, their known end"
        return Problem(Fault.TRUNCATED, annotation(place, min(missing) if some else number + 1), 0, why)
    return _Annotations(digests, about)


def _checked_annotation(reader: Reader, place: str, keys: Keys, key: str, number: int) -> _Annotation | Problem:
    """The annotation with that number, if it is one and signed by a key that counts, or what is wrong with it."""
    expected = annotation(place, number)
    if key != expected:
        return Problem(Fault.DELETED, expected, 0, f"the annotations go on with {key}")
    try:
        found = _annotation(key, reader.get(key))
    except _Unreadable as error:
        return Problem(Fault.EDITED, key, 0, str(error))
    if found.place != place:
        return Problem(Fault.INSERTED, key, 0, "it belongs to another environment")
    if found.number != number:
        return Problem(Fault.REORDERED, key, found.sequence, f"it is annotation {found.number}")
    counting = _rank(keys, found)
    if not counting:
        return Problem(Fault.WRONG_KEY, key, found.sequence, f"the key {found.signer} is not known")
    signer = _counting_for(keys, found)[counting[0]].by_id[found.signer]
    if not fits(signer.public, "annotation", found.digest, found.signature):
        return Problem(Fault.WRONG_KEY, key, found.sequence, "its signature does not fit")
    return found


def _counting_for(keys: Keys, found: _Annotation) -> dict[int, Keys]:
    """The keys that may have signed an annotation: of those who wrote its record, or took it over, the last our own."""
    parts = keys.adopted.get(found.place, ())
    theirs = () if isinstance(parts, Problem) else parts
    return {
        **{at: part.keys for at, part in enumerate(theirs) if found.sequence <= part.end.sequence},
        len(theirs): keys,
    }


def _rank(keys: Keys, found: _Annotation) -> tuple[int, ...]:
    """The place of the key that signed it, among those that count for it; empty when it does not."""
    for at, counting in reversed(_counting_for(keys, found).items()):
        if found.signer in counting.by_id:
            return at, counting.by_id[found.signer].number
    return ()


class _Keeping:
    """What is tagged or held, annotation by annotation."""

    def __init__(self) -> None:
        self._names: dict[int, set[tuple[str, str]]] = {}
        self._all: dict[str, int] = {}

    def hear(self, said: _Annotation) -> None:
        names = self._names.setdefault(said.sequence, set())
        match said.says:
            case "tag" | "hold":
                names.add((said.says, said.name))
            case "untag" | "unhold":
                names.discard((said.says[2:], said.name))
            case "hold-all":
                self._all[said.name] = said.sequence
            case "unhold-all":
                self._all.pop(said.name, None)

    def keeps(self, sequence: int) -> bool:
        return bool(self._names.get(sequence)) or sequence <= max(self._all.values(), default=0)


def _not_as_annotated(key: str, manifest: _Manifest, annotations: _Annotations, some: bool) -> Problem | None:
    """What annotations say of a record, and it of them, that does not agree."""
    end = manifest.annotations
    if end.sequence and annotations.digests.get(end.sequence, "" if not some else end.digest) != end.digest:
        named = annotation(manifest.place, end.sequence)
        if end.sequence in annotations.digests:
            return Problem(Fault.EDITED, named, manifest.sequence, "it is not the annotation that the record names")
        return Problem(Fault.TRUNCATED, named, manifest.sequence, "the record names it, but it is missing")
    for said in annotations.about.get(manifest.sequence, ()):
        if (said.manifest, said.deployment_id) != (manifest.digest, manifest.deployment_id):
            why = f"it is not the record that {said.key} is about"
            return Problem(Fault.EDITED, key, manifest.sequence, why)
        if said.says == "expired" and not (
            said.files <= manifest.files.keys() and said.metadata == manifest.files.get("metadata.json")
        ):
            return Problem(Fault.EDITED, said.key, manifest.sequence, "the tombstone is not of this record")
    return None


def _checked_link(reader: Reader, place: str, keys: Keys, key: str, before: Head) -> _Manifest | Problem:
    """The link's manifest if it is the right one behind `before`, or what is wrong with it."""
    sequence = before.sequence + 1
    if key != link(place, sequence):
        return Problem(Fault.DELETED, link(place, sequence), sequence, f"the chain goes on with {key}")
    try:
        manifest = _manifest(reader.get(key))
    except _Unreadable as error:
        return Problem(Fault.EDITED, key, sequence, str(error))
    if manifest.place != place:
        return Problem(Fault.INSERTED, key, sequence, "it belongs to another environment")
    if manifest.sequence != sequence:
        return Problem(Fault.REORDERED, key, sequence, f"it is record {manifest.sequence}")
    if manifest.previous != (before.digest or None):
        return Problem(Fault.EDITED, key, sequence, "it does not follow from the record before it")
    return _checked_signature(keys, key, manifest, before) or manifest


def _checked_signature(keys: Keys, key: str, manifest: _Manifest, before: Head) -> Problem | None:
    part = keys.adopting(manifest.place, manifest.sequence)
    if part is not None:
        if part.end.sequence == manifest.sequence and part.end.digest != manifest.digest:
            return Problem(Fault.EDITED, key, manifest.sequence, "it is not the record that was taken over here")
        keys = part.keys
    if not manifest.name:
        old = keys.unsigned.get(manifest.place, BEGINNING)
        if keys.by_id and manifest.sequence > old.sequence:
            return Problem(Fault.WRONG_KEY, key, manifest.sequence, "it is not signed")
        if manifest.sequence == old.sequence and manifest.digest != old.digest:
            return Problem(Fault.EDITED, key, manifest.sequence, "it is not the record that the first key found here")
        return None
    signer = keys.by_id.get(manifest.name)
    if signer is None:
        return Problem(Fault.WRONG_KEY, key, manifest.sequence, f"the key {manifest.name} is not known")
    earlier = keys.by_id.get(before.key)
    if earlier is not None and signer.number < earlier.number:
        return Problem(Fault.WRONG_KEY, key, manifest.sequence, f"the key {manifest.name} was replaced before")
    if not fits(signer.public, "manifest", manifest.digest, manifest.value):
        return Problem(Fault.WRONG_KEY, key, manifest.sequence, "its signature does not fit")
    return None


def _checked_files(reader: Reader, manifest: _Manifest, tombstone: _Annotation | None) -> Problem | None:
    """What is wrong with the files of one record; those that its tombstone names need not be there any more."""
    expired = {manifest.prefix + name for name in tombstone.files} if tombstone else set()
    found = set(reader.keys(manifest.prefix))
    expected = {manifest.prefix + name: digest for name, digest in sorted(manifest.files.items())}
    expected[f"{manifest.prefix}manifest.json"] = sha256(manifest.data)
    for key, digest in expected.items():
        if key not in found:
            if key in expired:
                continue
            return Problem(Fault.DELETED, key, manifest.sequence, "the file is missing")
        if sha256(reader.get(key)) != digest:
            return Problem(Fault.EDITED, key, manifest.sequence, "the content is not what was sealed")
    for key in sorted(found - expected.keys()):
        return Problem(Fault.INSERTED, key, manifest.sequence, "the manifest does not know this file")
    return None


def _not_as_remembered(key: str, manifest: _Manifest, heads: Iterable[Head]) -> Problem | None:
    for head in heads:
        if manifest.digest != head.digest:
            why = "it is not the record that is remembered under this number"
            return Problem(Fault.EDITED, key, manifest.sequence, why)
        if head.key and manifest.name != head.key:
            return Problem(Fault.WRONG_KEY, key, manifest.sequence, f"it is remembered as signed by {head.key}")
    return None


def _beside(reader: Reader, place: str, chained: set[str], reached: int) -> Problem | None:
    """A sealed record that has no place in the chain."""
    prefix, after = f"{place}/deployments/", ""
    while (key := next(iter(reader.keys(prefix, after)), None)) is not None:
        name, slash, _ = key[len(prefix) :].partition("/")
        manifest = f"{prefix}{name}/manifest.json"
        if slash and name not in chained and next(iter(reader.keys(manifest)), None) == manifest:
            return Problem(Fault.INSERTED, manifest, reached, "the chain does not know this record")
        after = f"{prefix}{name}0" if slash else key
    return None


def _mapping(data: bytes) -> dict[str, Any]:
    try:
        raw = json.loads(data)
        written = canonical(raw)
    except (ValueError, TypeError, RecursionError) as error:
        raise _Unreadable(f"not JSON: {error}") from error
    if not isinstance(raw, dict):
        raise _Unreadable("not a JSON object")
    if written != data:
        raise _Unreadable("it was not written the canonical way")
    return raw


def _manifest(data: bytes) -> _Manifest:
    try:
        raw = _mapping(data)
    except _Unreadable as error:
        raise _Unreadable(f"not a manifest: {error}") from error
    if raw.get("format") != FORMAT:
        raise _Unreadable(f"manifest format {raw.get('format')!r} is not known here (expected {FORMAT!r})")
    files, signature, previous = raw.get("files"), raw.get("signature", {}), raw.get("previous")
    sealed = all(isinstance(raw.get(name), str) for name in ("deploymentId", "project", "environment", "createdAt"))
    if not (
        sealed
        and _ID.fullmatch(raw["deploymentId"])
        and type(raw.get("sequence")) is int
        and (previous is None or _is_digest(previous))
        and isinstance(files, dict)
        and all(isinstance(entry, dict) and _is_digest(entry.get("sha256")) for entry in files.values())
        and _is_end(raw.get("annotations"))
        and isinstance(signature, dict)
        and ("signature" not in raw or signature.keys() == {"key", "value"})
        and all(isinstance(value, str) and value for value in signature.values())
    ):
        raise _Unreadable("not a manifest: something is missing or of another type")
    end = raw.get("annotations")
    return _Manifest(
        data=data,
        sequence=raw["sequence"],
        previous=previous,
        place=f"{raw['project']}/{raw['environment']}",
        deployment_id=raw["deploymentId"],
        files={name: entry["sha256"] for name, entry in files.items()},
        digest=sha256(canonical({name: value for name, value in raw.items() if name != "signature"})),
        name=signature.get("key", ""),
        value=signature.get("value", ""),
        annotations=Head(end["number"], end["digest"]) if end else BEGINNING,
    )


def _annotation(key: str, data: bytes) -> _Annotation:
    try:
        raw = _mapping(data)
    except _Unreadable as error:
        raise _Unreadable(f"not an annotation: {error}") from error
    if raw.get("format") != FORMAT:
        raise _Unreadable(f"annotation format {raw.get('format')!r} is not known here (expected {FORMAT!r})")
    signature, stone = raw.get("signature"), raw.get("tombstone", {"metadata": "", "files": []})
    texts = ("project", "environment", "deploymentId", "says", "value", "reason", "by", "at")
    if not (
        all(isinstance(raw.get(name), str) for name in texts)
        and raw["says"] in SAYS
        and type(raw.get("number")) is type(raw.get("sequence")) is int
        and (raw.get("previous") is None or _is_digest(raw["previous"]))
        and _is_digest(raw.get("manifest"))
        and isinstance(stone, dict)
        and ("tombstone" in raw) == (raw["says"] == "expired")
        and isinstance(stone.get("metadata"), str)
        and isinstance(stone.get("files"), list)
        and all(isinstance(name, str) for name in stone["files"])
        and isinstance(signature, dict)
        and signature.keys() == {"key", "value"}
        and all(isinstance(value, str) for value in signature.values())
    ):
        raise _Unreadable("not an annotation: something is missing or of another type")
    return _Annotation(
        key=key,
        place=f"{raw['project']}/{raw['environment']}",
        number=raw["number"],
        previous=raw["previous"],
        sequence=raw["sequence"],
        deployment_id=raw["deploymentId"],
        manifest=raw["manifest"],
        says=raw["says"],
        name=raw["value"],
        metadata=sha256(stone["metadata"].encode(errors="replace")),
        files=frozenset(stone["files"]),
        digest=sha256(canonical({name: value for name, value in raw.items() if name != "signature"})),
        signer=signature["key"],
        signature=signature["value"],
    )


def _is_end(said: object) -> bool:
    """Whether a manifest names an annotation, or none."""
    return said is None or (
        isinstance(said, dict) and type(said.get("number")) is int and _is_digest(said.get("digest"))
    )


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def _unsigned(entry: Mapping[str, Any]) -> dict[str, Head]:
    """How far the environments went before the first key, by `project/environment`."""
    try:
        found = {place: Head(at["sequence"], at["digest"]) for place, at in entry["unsigned"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise _Unreadable(f"it does not say what was there before ({error})") from error
    if not all(type(head.sequence) is int and _is_digest(head.digest) for head in found.values()):
        raise _Unreadable("it does not say what was there before")
    return found


@dataclass(frozen=True, slots=True)
class Found:
    """What verifying an environment (or what holds all of them together: place "") came to; how many records it has."""

    place: str
    records: int
    problem: Problem | None


def verify_archive(reader: Reader, believed: str = "", heads: Mapping[str, Head] | None = None) -> list[Found]:
    """What is wrong in an export, environment by environment.

    `archive.json` says from where to where each goes, and which other files there are. It is signed: nothing can be
    taken from the end of an export, or added to it. `heads` are records that somebody remembers, by
    `project/environment`.
    """
    keys = _keys_at_hand(reader, believed)
    if isinstance(keys, Problem):
        return [Found("", 0, keys)]
    said = _said(reader, keys)
    if isinstance(said, Problem):
        return [Found("", 0, said)]
    scope, files = said
    known = tuple(f"{place}/{folder}/" for place in scope for folder in ("annotations", "chain", "deployments"))
    for key in reader.keys(""):
        if key in files:
            if sha256(reader.get(key)) != files.pop(key):
                return [Found("", 0, Problem(Fault.EDITED, key, 0, "the content is not what was exported"))]
        elif key not in BESIDE and not key.startswith((KEYS, FOREIGN, ADOPTED, *known)):
            return [Found("", 0, Problem(Fault.INSERTED, key, 0, "it belongs to nothing that was exported"))]
    for key in files:
        return [Found("", 0, Problem(Fault.DELETED, key, 0, "the file is missing"))]
    found = []
    for place, (before, end, annotated) in sorted(scope.items()):
        told = [
            end,
            *(head for name, head in (heads or {}).items() if name == place and head.sequence > before.sequence),
        ]
        problem = verify(reader, place, keys, told, before, annotated=annotated, some=True)
        found.append(Found(place, end.sequence - before.sequence, problem))
    return found


def verify_copy(reader: Reader, believed: str = "", heads: Mapping[str, Head] | None = None) -> list[Found]:
    """What is wrong in a copy of all that the installation keeps, environment by environment."""
    keys = _keys_at_hand(reader, believed)
    if isinstance(keys, Problem):
        return [Found("", 0, keys)]
    pattern = re.compile(r"([^/]+/[^/]+)/(?:annotations|chain|deployments)/.+")
    places = {match[1] for match in map(pattern.fullmatch, reader.keys("")) if match} | set(heads or {})
    found = []
    for place in sorted(places):
        told = [heads[place]] if heads and place in heads else []
        records = sum(1 for _ in reader.keys(f"{place}/chain/"))
        found.append(Found(place, records, verify(reader, place, keys, told)))
    return found


def _keys_at_hand(reader: Reader, believed: str) -> Keys | Problem:
    keys = read_keys(reader, believed)
    if isinstance(keys, Keys) and believed and not keys.by_id:
        return Problem(Fault.DELETED, key_entry(1), 0, "the keys are missing")
    return keys


def _said(reader: Reader, keys: Keys) -> tuple[dict[str, tuple[Head, Head, list[Head]]], dict[str, str]] | Problem:
    """Of each environment of an export the record before its first one, its last, and its annotations.

    And the digests of other files.
    """
    if next(iter(reader.keys(ARCHIVE)), None) != ARCHIVE:
        return Problem(Fault.DELETED, ARCHIVE, 0, "the file is missing; --copy is for copies of the whole bucket")
    try:
        raw = _mapping(reader.get(ARCHIVE))
        digest = sha256(canonical({name: value for name, value in raw.items() if name != "signature"}))
        scope = {
            place: (
                Head(**ends["before"]),
                Head(**ends["end"]),
                [Head(int(number), digest) for number, digest in ends.get("annotations", {}).items()],
            )
            for place, ends in raw["places"].items()
        }
        files = dict(raw.get("files", {}))
        signer = keys.by_id.get(raw["key"])
        format_known = raw["format"] == FORMAT
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return Problem(Fault.EDITED, ARCHIVE, 0, f"it is not what says what was exported: {error}")
    if not format_known:
        return Problem(Fault.EDITED, ARCHIVE, 0, f"its format {raw['format']!r} is not known here")
    if signer is None:
        return Problem(Fault.WRONG_KEY, ARCHIVE, 0, f"the key {raw['key']} is not known")
    if not fits(signer.public, "archive", digest, raw.get("signature")):
        return Problem(Fault.WRONG_KEY, ARCHIVE, 0, "its signature does not fit")
    return scope, files


class _Kept:
    """The objects of a folder or a zip."""

    def __init__(self, names: Iterable[str], read: Callable[[str], bytes]) -> None:
        self._names = sorted(names, key=_bytes)
        self.get = read

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        start = bisect_left(self._names, _bytes(prefix), key=_bytes)
        for name in self._names[start:]:
            if not name.startswith(prefix):
                return
            if _bytes(name) > _bytes(after):
                yield name


def _bytes(name: str) -> bytes:
    return name.encode(errors="surrogateescape")


def open_kept(path: Path) -> Reader:
    """The objects in a folder, or in a zip.

    Raises:
        OSError, zipfile.BadZipFile: it is neither, or a zip with two files of one name.
    """
    if path.is_dir():
        names = [each.relative_to(path).as_posix() for each in path.rglob("*") if each.is_file()]
        return _Kept(names, lambda name: (path / name).read_bytes())
    archive = zipfile.ZipFile(path)
    names = [name for name in archive.namelist() if not name.endswith("/")]
    if len(names) != len(set(names)):
        raise zipfile.BadZipFile("two files of it have one name")
    return _Kept(names, archive.read)


def main(arguments: Sequence[str]) -> int:
    """The program; answers its exit code: 0 nothing is wrong, 1 something is, 2 it could not be read."""
    parser = argparse.ArgumentParser(prog="verify.py", description="Verifies records of strandsweb.")
    parser.add_argument("path", type=Path, help="a zip that strandsweb exported, or the folder it was unpacked into")
    parser.add_argument("--copy", action="store_true", help="it is a copy of the whole bucket with the records")
    parser.add_argument("--key", default="", help="the id of a key to believe in; history_key prints it")
    parser.add_argument("--head", type=_head, action="append", default=[], help="PROJECT/ENVIRONMENT:NUMBER:DIGEST")
    parser.add_argument("--json", action="store_true", help="say it for programs")
    said = parser.parse_args(arguments)
    try:
        reader = open_kept(said.path)
        found = (verify_copy if said.copy else verify_archive)(reader, said.key, dict(said.head))
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        _say(f"{said.path} cannot be read: {error}", sys.stderr)
        return 2
    bad = sum(each.problem is not None for each in found)
    if said.json:
        places = [
            {"place": each.place, "records": each.records, "problem": each.problem.as_dict() if each.problem else None}
            for each in found
        ]
        sys.stdout.write(json.dumps({"ok": not bad, "environments": places}, indent=2) + "\n")
    else:
        for each in found:
            where = f"{each.place}: " if each.place else ""
            _say(f"{where}{each.problem or f'nothing is wrong, records: {each.records}'}")
        if not bad and not said.key:
            _say("The keys are believed as they came along; --key makes sure of them.")
        if not bad and said.copy and not said.head:
            _say("Whether records are missing at the end cannot be seen; --head makes sure of that.")
    return 1 if bad else 0


def _head(text: str) -> tuple[str, Head]:
    place, sequence, digest = text.rsplit(":", 2)
    return place, Head(int(sequence), digest)


def _say(text: str, to: TextIO | None = None) -> None:
    """A line; names in an archive may be anything, and a terminal is shown what can be printed."""
    inert = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
    (to or sys.stdout).write(inert + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
