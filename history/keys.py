"""The installation's public keys in the store, one entry each, so that whoever has the store can check signatures.

Entries are numbered and written once, below `_keys/`. Each is signed by its own key, names the digest of the entry
before it, and is signed by that one's key too: so trust in one key reaches both ways, and nobody who lacks the keys
can put one in. The first also says how far each environment went while nothing was signed.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from history.canonical import dumps, sha256
from history.signing import CannotSign, Signer
from history.store import AlreadyExists, Store
from history.verifier import FORMAT, KEYS, Head, key_entry

HOW = "`manage.py history_key --introduce` introduces a new key; see docs/records.md"


def listed(store: Store) -> list[dict[str, Any]]:
    """Every entry, in order, as it stands there: `history.verifier.read_keys` says whether it is right."""
    return [json.loads(store.get(key)) for key in store.keys(KEYS)]


def introduce(store: Store, signer: Signer, ends: Callable[[], Mapping[str, Head]]) -> None:
    """Makes sure that the key is the newest of the store's; the first of all is entered here.

    `ends` tells where the chains stand, when it is asked.

    Raises:
        CannotSign: the key was replaced by another, or another one signs here and did not introduce it.
    """
    entries = listed(store)
    if not entries:
        with suppress(AlreadyExists):  # entered by another process, just now
            _enter(store, entries, signer, None, ends())
        entries = listed(store)
    ids = [entry["key"] for entry in entries]
    if ids[-1] == signer.id:
        return
    if signer.id in ids:
        raise CannotSign(f"the key {signer.id} was replaced by {ids[-1]}; start this process with that one")
    raise CannotSign(f"the history is signed by the key {ids[-1]}, and knows nothing of {signer.id}; {HOW}")


def replace_key(store: Store, old: Signer | None, new: Signer) -> int:
    """Enters a new key behind the old one, which introduces it; answers its number.

    `old` is None when the old key is lost: then the new one counts only for who believes in it.

    Raises:
        CannotSign: `old` is not the newest key of the store, or the new one is there already.
        AlreadyExists: somebody else entered one at the same time.
    """
    entries = listed(store)
    ids = [entry["key"] for entry in entries]
    if not ids:
        raise CannotSign("nothing was signed yet; set the new key, and it is the first")
    if new.id in ids:
        raise CannotSign(f"the key {new.id} is there already")
    if old is not None and old.id != ids[-1]:
        raise CannotSign(f"the newest key is {ids[-1]}; only that one can introduce another")
    return _enter(store, entries, new, old, {})


def _enter(
    store: Store, entries: list[dict[str, Any]], signer: Signer, before: Signer | None, ends: Mapping[str, Head]
) -> int:
    number = len(entries) + 1
    said = {
        "format": FORMAT,
        "number": number,
        "key": signer.id,
        "algorithm": "Ed25519",
        "public": base64.b64encode(signer.public).decode(),
        "previous": _digest(entries[-1]) if entries else None,
        "unsigned": {place: {"sequence": end.sequence, "digest": end.digest} for place, end in ends.items()},
    }
    digest = sha256(dumps(said))
    signed = {
        "signature": signer.sign("key", digest),
        "introduction": before.sign("key", digest) if before is not None else None,
    }
    store.put_new(key_entry(number), dumps(said | signed))
    return number


def _digest(entry: Mapping[str, Any]) -> str:
    return sha256(dumps({name: value for name, value in entry.items() if name not in ("signature", "introduction")}))
