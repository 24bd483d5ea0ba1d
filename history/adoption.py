"""Records of another installation become part of this one: its keys are kept apart, and ours vouches for how far.

A copy of their list of keys stands below `_keys-{digest of its last entry}/`. Signed by us,
`_adopted/{project}.{environment}.{number}.json` says: up to that record, whose digest is this, these keys count here;
behind it, ours. So nobody's key reaches further than what was taken over, and theirs vouch for nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from history.canonical import dumps, sha256
from history.signing import Signer
from history.store import AlreadyExists, Store
from history.verifier import (
    ADOPTED,
    FORMAT,
    KEYS,
    Head,
    Keys,
    Reader,
    adoption,
    entry_digest,
    foreign,
    key_entry,
)


def adopt(store: Store, theirs: Reader, keys: Keys, place: str, end: Head, signer: Signer) -> None:
    """Takes the keys of a foreign history over for the records of an environment up to `end`.

    `theirs` is where they stand and `keys` those of them that count, both verified; `signer` is introduced here. To
    repeat it changes nothing.
    """
    said = list(theirs.keys(_statements(place)))
    parts: list[dict[str, Any]] = json.loads(theirs.get(said[-1]))["parts"] if said else []
    for part in parts:  # what they took over themselves
        for name in theirs.keys(foreign(part["keys"])):
            store.put_new(name, theirs.get(name))
    entries = [theirs.get(key_entry(number)) for number in range(1, len(keys.by_id) + 1)]
    last = entry_digest(json.loads(entries[-1]))
    is_ours = last in {entry_digest(json.loads(store.get(name))) for name in store.keys(KEYS)}
    if not is_ours and (not parts or parts[-1]["sequence"] < end.sequence):
        for number, entry in enumerate(entries, 1):
            store.put_new(key_entry(number, foreign(last)), entry)
        parts.append({"sequence": end.sequence, "digest": end.digest, "keys": last})
    if not parts:
        return  # an export of our own: our keys count there as they do
    ours = {"format": FORMAT, "place": place, "key": signer.id, "parts": parts}
    key = adoption(place, parts[-1]["sequence"])
    try:
        store.put_new(key, dumps(ours | {"signature": signer.sign("adoption", sha256(dumps(ours)))}))
    except AlreadyExists:  # a key of ours that was replaced since has said the same
        if json.loads(store.get(key))["parts"] != parts:
            raise


def trust(store: Store, places: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Everything that says which keys count for these environments, as name and content."""
    for name in store.keys(KEYS):
        yield name, store.get(name)
    folders: set[str] = set()
    for place in places:
        for name in store.keys(_statements(place)):
            data = store.get(name)
            yield name, data
            folders |= {foreign(part["keys"]) for part in json.loads(data)["parts"]}
    for folder in sorted(folders):
        for name in store.keys(folder):
            yield name, store.get(name)


def taken_over(store: Store, place: str) -> int:
    """The last record of the environment that another installation wrote, as it is said here; 0 when there is none."""
    said = list(store.keys(_statements(place)))
    return int(said[-1].split(".")[-2]) if said else 0


def _statements(place: str) -> str:
    return f"{ADOPTED}{place.replace('/', '.')}."
