"""What another installation recorded verifies here by its keys up to where it was taken over; no key reaches on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from history import adoption, chain
from history.canonical import dumps
from history.chain import head_of
from history.keys import replace_key
from history.records import Manifest, Signature
from history.signing import LocalKey
from history.store import InMemoryStore
from history.verifier import ADOPTED, Fault, Head, Keys, Problem, read_keys, verify, verify_one
from tests.history.damage import link
from tests.history.writing import OTHER, SIGNER, STRANGER, write, write_unsigned

Make = Callable[..., Any]
PLACE = "support-desk/dev"
OBJECTS = (f"{PLACE}/chain/", f"{PLACE}/deployments/")


def keys_of(store: InMemoryStore, signer: LocalKey) -> Keys:
    found = read_keys(store, signer.id)
    assert isinstance(found, Keys), found
    return found


def taken_over(theirs: InMemoryStore, end: Head, signer: LocalKey, their: LocalKey) -> InMemoryStore:
    """A store of another installation that has taken the records over."""
    ours = InMemoryStore()
    chain.introduce(ours, signer)
    adoption.adopt(ours, theirs, keys_of(theirs, their), PLACE, end, signer)
    for prefix in OBJECTS:
        for name in theirs.keys(prefix):
            ours.put_new(name, theirs.get(name))
    return ours


def verified(store: InMemoryStore, signer: LocalKey, *heads: Head) -> Problem | None:
    return verify(store, PLACE, keys_of(store, signer), heads)


def written(store: InMemoryStore, documents: Make, number: int, signer: LocalKey) -> Head:
    return head_of(write(store, documents(number, memory=number), signer=signer))


@pytest.fixture
def theirs(documents: Make) -> InMemoryStore:
    """Three records, the first from before there were keys, the last signed by a key that the other introduced."""
    store = InMemoryStore()
    write_unsigned(store, documents(1, memory=1))
    written(store, documents, 2, SIGNER)
    replace_key(store, SIGNER, OTHER)
    written(store, documents, 3, OTHER)
    return store


@pytest.fixture
def end(theirs: InMemoryStore) -> Head:
    return head_of(Manifest.from_bytes(theirs.get(link(3))))


@pytest.fixture
def ours(theirs: InMemoryStore, end: Head, documents: Make) -> InMemoryStore:
    """Theirs, and one of our own behind it."""
    store = taken_over(theirs, end, STRANGER, OTHER)
    written(store, documents, 4, STRANGER)
    return store


def test_their_records_and_ours_are_one_chain(ours: InMemoryStore, end: Head) -> None:
    assert verified(ours, STRANGER) is None
    keys = keys_of(ours, STRANGER)
    assert set(keys.by_id) == {STRANGER.id}, "their keys do not sign here"
    assert set(keys.at(PLACE, 3).by_id) == {SIGNER.id, OTHER.id}
    fourth = Manifest.from_bytes(ours.get(link(4)))
    assert fourth.previous == end.digest
    assert verify_one(ours, PLACE, keys, end, Head(2, Manifest.from_bytes(ours.get(link(3))).previous or "")) is None


def test_their_keys_end_where_ours_begin(ours: InMemoryStore) -> None:
    """Somebody with their key writes on behind what was taken over."""
    forged = replace(Manifest.from_bytes(ours.get(link(4))), signature=None)
    forged = replace(forged, signature=Signature(OTHER.id, OTHER.sign("manifest", forged.digest())))
    ours.objects[link(4)] = ours.objects[forged.prefix + "manifest.json"] = forged.to_bytes()
    problem = verified(ours, STRANGER)
    assert problem is not None
    assert (problem.fault, problem.sequence) == (Fault.WRONG_KEY, 4)


def test_their_keys_count_in_no_other_environment(ours: InMemoryStore, documents: Make) -> None:
    for prefix in (f"{PLACE}/",):
        for name in list(ours.keys(prefix)):
            data = ours.get(name)
            if b'"environment":"dev"' in data and name.endswith(("manifest.json", "01.json")):
                ours.objects[name.replace("/dev/", "/prod/")] = data.replace(
                    b'"environment":"dev"', b'"environment":"prod"'
                )
    problem = verify(ours, "support-desk/prod", keys_of(ours, STRANGER))
    assert problem is not None
    assert problem.fault is Fault.WRONG_KEY


def test_what_was_taken_over_cannot_be_another_history(ours: InMemoryStore) -> None:
    """They write their history anew, with keys that count, and put it in our store up to where it was taken over."""
    last = replace(Manifest.from_bytes(ours.get(link(3))), created_at="2020-01-01T00:00:00.000Z", signature=None)
    last = replace(last, signature=Signature(OTHER.id, OTHER.sign("manifest", last.digest())))
    ours.objects[link(3)] = ours.objects[last.prefix + "manifest.json"] = last.to_bytes()
    del ours.objects[link(4)]
    problem = verified(ours, STRANGER)
    assert problem is not None
    assert (problem.fault, problem.message) == (Fault.EDITED, "it is not the record that was taken over here")


def forge_the_statement(store: InMemoryStore) -> None:
    key = next(iter(store.keys(ADOPTED)))
    said = json.loads(store.get(key))
    said["parts"][0]["sequence"] = 4
    store.objects[key.replace("003", "004")] = dumps(said)


def sign_the_statement_as_another(store: InMemoryStore) -> None:
    key = next(iter(store.keys(ADOPTED)))
    store.objects[key] = dumps(json.loads(store.get(key)) | {"key": OTHER.id})


def break_the_statement(store: InMemoryStore) -> None:
    store.objects[next(iter(store.keys(ADOPTED)))] = b"{}"


def change_a_key(store: InMemoryStore) -> None:
    key = next(iter(store.keys("_keys-")))
    store.objects[key] = dumps(json.loads(store.get(key)) | {"algorithm": "RSA"})


def remove_a_key(store: InMemoryStore) -> None:
    del store.objects[list(store.keys("_keys-"))[-1]]


def remove_the_statement(store: InMemoryStore) -> None:
    del store.objects[next(iter(store.keys(ADOPTED)))]


def move_the_statement(store: InMemoryStore) -> None:
    key = next(iter(store.keys(ADOPTED)))
    store.objects[key.replace("003", "004")] = store.get(key)


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (forge_the_statement, Fault.WRONG_KEY),
        (sign_the_statement_as_another, Fault.WRONG_KEY),
        (break_the_statement, Fault.EDITED),
        (change_a_key, Fault.WRONG_KEY),
        (remove_a_key, Fault.EDITED),
        (remove_the_statement, Fault.WRONG_KEY),
        (move_the_statement, Fault.EDITED),
    ],
)
def test_what_vouches_for_them_is_as_safe(
    ours: InMemoryStore, documents: Make, damage: Callable[[InMemoryStore], None], fault: Fault
) -> None:
    here = replace(documents(9).metadata, environment="prod")
    write(ours, replace(documents(9), metadata=here), signer=STRANGER)
    damage(ours)
    problem = verified(ours, STRANGER)
    assert problem is not None
    assert problem.fault is fault, problem
    one = verify_one(ours, PLACE, keys_of(ours, STRANGER), head_of(Manifest.from_bytes(ours.get(link(1)))))
    assert one is not None or damage is remove_the_statement  # the first was never signed
    assert verify(ours, "support-desk/prod", keys_of(ours, STRANGER)) is None, "what is ours alone is not touched by it"


def test_taking_over_again_changes_nothing_and_goes_on(ours: InMemoryStore, theirs: InMemoryStore, end: Head) -> None:
    before = dict(ours.objects)
    adoption.adopt(ours, theirs, keys_of(theirs, OTHER), PLACE, end, STRANGER)
    assert ours.objects == before


def test_it_goes_through_three_installations_and_home_again(ours: InMemoryStore, documents: Make) -> None:
    """A third takes over theirs and ours, and the first takes all of it back: one chain, the same digests."""
    fourth = head_of(Manifest.from_bytes(ours.get(link(4))))
    third = taken_over(ours, fourth, SIGNER, STRANGER)
    assert verified(third, SIGNER) is None
    assert set(keys_of(third, SIGNER).at(PLACE, 4).by_id) == {STRANGER.id}
    fifth = written(third, documents, 5, SIGNER)
    home = taken_over(third, fifth, OTHER, SIGNER)
    assert verified(home, OTHER, fifth) is None
    assert [home.get(key) for key in home.keys(f"{PLACE}/chain/")] == [
        third.get(key) for key in third.keys(f"{PLACE}/chain/")
    ]


def test_what_is_ours_is_not_taken_over(ours: InMemoryStore, documents: Make) -> None:
    """Our own export comes back: the keys count as they do, and what we had taken over is said as it was."""
    before = dict(ours.objects)
    end = head_of(Manifest.from_bytes(ours.get(link(4))))
    adoption.adopt(ours, ours, keys_of(ours, STRANGER), PLACE, end, STRANGER)
    assert ours.objects == before
    assert adoption.taken_over(ours, PLACE) == 3
    alone = InMemoryStore()
    first = written(alone, documents, 1, SIGNER)
    adoption.adopt(alone, alone, keys_of(alone, SIGNER), PLACE, first, SIGNER)
    assert adoption.taken_over(alone, PLACE) == 0
