"""Certificates: what a rollback restored, told truly whatever happened before, in and after it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.engine.certificate import FORMAT, Certificate, Entry, Finding, Outcome, Verdict
from deployments.engine.certifying import Since, World, certify, foresee, to_read
from deployments.engine.errors import Refused
from deployments.engine.events import STEP_ENDS, Code
from deployments.engine.fake_cloud import FakeCloud, fake_provisioners
from deployments.engine.fakes import RecordingLedger
from deployments.engine.plan import Action, Plan, PlanKind, Reason
from deployments.engine.planner import Wanted, make_plan
from deployments.engine.ports import Live
from deployments.engine.resources import Resource
from deployments.engine.state import State
from tests.engine.stage import KINDS, deployed, planned, resource, run, seen
from tests.engine.worlds import NAMES, specs

Resources = tuple[Resource, ...]
WHEN = "2026-11-21T10:00:00Z"
KEY = b"key"


def back(
    to: Sequence[Resource], state: State, cloud: FakeCloud, targets: tuple[str, ...] = ()
) -> tuple[Plan, RecordingLedger]:
    """A rollback that has run, well or badly."""
    wanted = Wanted(PlanKind.ROLLBACK, "support-desk", tuple(to), rollback_to="then", targets=targets)
    plan = make_plan(wanted, state=state, live=seen(cloud, state), kinds=KINDS)
    ledger = RecordingLedger(state)
    run(plan, ledger, cloud)
    return plan, ledger


def read(plan: Plan, before: State, now: State, cloud: FakeCloud) -> dict[str, Live | None]:
    provisioners = fake_provisioners(KINDS, cloud)
    return {
        entry.logical_id: provisioners[entry.type].read(entry.physical_id, entry.properties)
        for entry in to_read(plan, before=before, now=now)
    }


def undone(ledger: RecordingLedger) -> set[str]:
    return {each.logical_id for each in ledger.events if each.code in STEP_ENDS - {Code.STEP_SUCCEEDED}}


def certified(
    plan: Plan, then: State, before: State, ledger: RecordingLedger, cloud: FakeCloud, **since: Any
) -> Certificate:
    """As a worker makes it, once the run has ended."""
    world = World(then, ledger.state, read(plan, before, ledger.state, cloud))
    known = Since(undone=undone(ledger), **since)
    made = certify(plan, world, known, kinds=KINDS, deployment="now", read_at=WHEN, secret_key=KEY)
    assert Certificate.from_dict(made.as_dict()) == made
    return made


def restored(
    first: Sequence[Resource], second: Sequence[Resource], *, targets: tuple[str, ...] = (), **since: Any
) -> Certificate:
    """First, then second, then back to first."""
    cloud = FakeCloud()
    then = deployed(first, cloud)
    before = deployed(second, cloud, then)
    plan, ledger = back(first, before, cloud, targets)
    return certified(plan, then, before, ledger, cloud, **since)


def findings(certificate: Certificate) -> dict[str, list[Finding]]:
    return {e.logical_id: [each.finding for each in e.found] for e in certificate.entries if e.found}


def of(certificate: Certificate, name: str) -> Entry:
    return next(entry for entry in certificate.entries if entry.logical_id == name)


def table(**more: Any) -> Resource:
    return resource("Tickets", "Table", {"TableName": "tickets", "KeySchema": "id", **more})


def function(memory: int, **more: Any) -> Resource:
    return resource("Answer", "Function", {"FunctionName": "answer", "Memory": memory, **more})


def test_what_was_changed_and_is_as_before_is_equal_by_digest() -> None:
    done = restored([table(), function(512)], [table(), function(1024), resource("New", "Role", {"RoleName": "new"})])
    assert done.verdict is Verdict.RESTORED
    assert {e.logical_id: e.outcome for e in done.entries} == {
        "Tickets": Outcome.EQUAL, "Answer": Outcome.EQUAL, "New": Outcome.GONE,
    }  # fmt: skip
    answer = of(done, "Answer")
    assert answer.target_digest == answer.live_digest != of(done, "Tickets").live_digest
    assert (of(done, "New").physical_id, of(done, "New").live_digest) == (None, None)
    assert done.counts() == {"equal": 2, "gone": 1, "excepted": 0, "not_restored": 0}
    assert done.as_dict()["verdict"] == "restored"


def test_the_digests_are_of_values_and_not_of_how_they_are_written() -> None:
    plain, other = {"Mode": "fast"}, {"Mode": "FAST"}
    cloud = FakeCloud()
    then = deployed([table(**plain)], cloud)
    before = deployed([table(Units=2)], cloud, then)
    plan, ledger = back([table(**other)], before, cloud)
    entry = of(certified(plan, then, before, ledger, cloud), "Tickets")
    assert (entry.outcome, entry.live_digest) == (Outcome.EQUAL, entry.target_digest)


def test_a_table_that_was_made_again_is_named_with_its_data() -> None:
    done = restored([table()], [table(KeySchema="key")], remade={"Tickets"})
    assert done.verdict is Verdict.EXCEPTIONS
    assert findings(done) == {"Tickets": [Finding.DATA]}
    assert "comes without what it held." in of(done, "Tickets").found[0].text


def test_the_kind_says_what_is_lost() -> None:
    kinds = {**KINDS, "Test::Table": replace(KINDS["Test::Table"], holds="the items")}
    cloud = FakeCloud()
    then = deployed([table()], cloud)
    plan = planned([table(KeySchema="key")], then, cloud)
    (entry,) = foresee(plan, then, Since(), kinds=kinds)
    assert "comes without the items of then." in entry.found[0].text


def test_what_gets_new_ids_is_named_and_so_is_what_refers_to_it() -> None:
    rule = resource("Watch", "Rule", {"Pattern": "a"})
    user = function(128, Target={"Ref": "Watch"})
    done = restored([rule, user], [function(128)])
    assert done.verdict is Verdict.EXCEPTIONS
    assert findings(done) == {"Watch": [Finding.CREATED_AGAIN], "Answer": [Finding.GENERATED]}
    assert "it was Watch-1, and is Watch-2" in of(done, "Watch").found[0].text
    assert of(done, "Answer").found[0].paths == ("Target",)
    assert of(done, "Answer").target_digest != of(done, "Answer").live_digest


def test_what_somebody_changed_after_the_run_is_named() -> None:
    cloud = FakeCloud()
    then = deployed([function(512)], cloud)
    before = deployed([function(1024)], cloud, then)
    plan, ledger = back([function(512)], before, cloud)
    cloud.change("Test::Function", "answer", Memory=2048)
    done = certified(plan, then, before, ledger, cloud)
    assert done.verdict is Verdict.EXCEPTIONS
    (found,) = of(done, "Answer").found
    assert (found.finding, found.paths) == (Finding.OUTSIDE, ("Memory",))
    assert of(done, "Answer").live_digest != of(done, "Answer").target_digest
    cloud.remove("Test::Function", "answer")
    gone = certified(plan, then, before, ledger, cloud)
    assert gone.verdict is Verdict.NOT_RESTORED
    assert "somebody deleted it since" in of(gone, "Answer").found[0].text
    assert of(gone, "Answer").physical_id is None


def test_a_failed_rollback_says_what_was_restored_and_what_was_not() -> None:
    old, new = resource("Old", "Role", {"RoleName": "old"}), resource("New", "Role", {"RoleName": "new"})
    first, second = [table(), function(512), old], [table(Units=3), function(1024), new]
    cloud = FakeCloud()
    then = deployed(first, cloud)
    before = deployed(second, cloud, then)
    for operation, name in (("Configure", "answer"), ("Create", "old"), ("Delete", "new")):
        cloud.fail(operation, name, times=9)
    plan, ledger = back(first, before, cloud)
    done = certified(plan, then, before, ledger, cloud)
    assert done.verdict is Verdict.NOT_RESTORED
    assert findings(done) == {
        "Answer": [Finding.DIFFERS], "Old": [Finding.MISSING], "New": [Finding.STILL_THERE],
    }  # fmt: skip
    assert of(done, "Tickets").outcome is Outcome.EQUAL
    assert "its step did not succeed" in of(done, "Old").found[0].text
    assert "its deletion did not succeed" in of(done, "New").found[0].text


def test_what_should_be_gone_and_was_made_again_is_still_there() -> None:
    cloud = FakeCloud()
    then = deployed([table()], cloud)
    extra = [table(), function(128)]
    before = deployed(extra, cloud, then)
    plan, ledger = back([table()], before, cloud)
    deployed([function(128)], cloud)
    done = certified(plan, then, before, ledger, cloud)
    assert (done.verdict, of(done, "Answer").outcome) == (Verdict.NOT_RESTORED, Outcome.NOT_RESTORED)
    assert "somebody made it again" in of(done, "Answer").found[0].text


def test_a_name_that_another_resource_took_over_is_no_sign_of_the_old_one() -> None:
    cloud = FakeCloud()
    then = deployed([resource("One", "Role", {"RoleName": "desk"})], cloud)
    before = deployed([resource("Two", "Role", {"RoleName": "desk"})], cloud, then)
    plan, ledger = back([resource("One", "Role", {"RoleName": "desk"})], before, cloud)
    done = certified(plan, then, before, ledger, cloud)
    assert of(done, "Two").outcome is Outcome.GONE
    assert done.verdict is Verdict.RESTORED


def test_what_is_protected_and_was_not_there_then_stays_and_is_named() -> None:
    kept = resource("Kept", "Table", {"TableName": "kept"}, retain=True)
    done = restored([function(128)], [function(128), kept])
    assert (findings(done), done.verdict) == ({"Kept": [Finding.RETAINED]}, Verdict.EXCEPTIONS)


def test_parts_are_certified_alone() -> None:
    kept = resource("Kept", "Table", {"TableName": "kept"}, retain=True, stack="other")
    first, second = [table(), function(512)], [table(Units=9), function(1024), kept]
    done = restored(first, second, targets=("Answer",))
    assert [entry.logical_id for entry in done.entries] == ["Answer"], "and what stays elsewhere is nobody's concern"
    assert (done.verdict, done.parts) == (Verdict.RESTORED, ("Answer",))
    assert findings(restored(first, second, targets=("Answer", "other"))) == {"Kept": [Finding.RETAINED]}


def test_secret_values_and_what_is_never_given_back_are_named_and_the_second_alone_is_no_exception() -> None:
    done = restored([table(Seed="s")], [table(Seed="s", Units=2)], values={"Tickets": "on 2026-11-21"})
    assert findings(done) == {"Tickets": [Finding.VALUE, Finding.NOT_GIVEN_BACK]}
    assert done.verdict is Verdict.EXCEPTIONS
    assert of(done, "Tickets").found[1].paths == ("Seed",)
    assert restored([table(Seed="s")], [table(Seed="s", Units=2)]).verdict is Verdict.RESTORED


def test_sensitive_values_are_in_the_digest_only_by_a_keyed_one() -> None:
    def with_token(token: str, key: bytes) -> str | None:
        cloud = FakeCloud()
        wish = [function(128, Environment={"Variables": {"TOKEN": token}})]
        state = deployed(wish, cloud)
        plan = planned(wish, state, cloud)
        world = World(state, state, seen(cloud, state))
        made = certify(plan, world, Since(), kinds=KINDS, deployment="d", read_at=WHEN, secret_key=key)
        return made.entries[0].live_digest

    assert with_token("a", b"1") == with_token("a", b"1")
    assert len({with_token("a", b"1"), with_token("b", b"1"), with_token("a", b"2")}) == 3


def test_the_old_one_of_a_replacement_that_was_not_finished_is_still_there() -> None:
    cloud = FakeCloud()
    then = deployed([resource("Home", "Net", {"Range": "a"})], cloud)
    before = deployed([resource("Home", "Net", {"Range": "b"})], cloud, then)
    cloud.fail("Delete", "Home-2", times=9)
    plan, ledger = back([resource("Home", "Net", {"Range": "a"})], before, cloud)
    done = certified(plan, then, before, ledger, cloud)
    assert findings(done)["Home.replaced"] == [Finding.STILL_THERE]
    assert done.verdict is Verdict.NOT_RESTORED


def test_another_type_that_could_not_be_brought_back_differs() -> None:
    cloud = FakeCloud()
    then = deployed([resource("Thing", "Role", {"RoleName": "thing"})], cloud)
    before = deployed([resource("Thing", "Table", {"TableName": "thing"})], cloud, then)
    cloud.fail("Create", "thing", times=9)
    plan, ledger = back([resource("Thing", "Role", {"RoleName": "thing"})], before, cloud)
    done = certified(plan, then, before, ledger, cloud)
    assert findings(done) == {"Thing": [Finding.DIFFERS]}


def test_taking_a_failed_run_back_says_what_stays_as_that_left_it() -> None:
    cloud = FakeCloud()
    before = deployed([function(1024), table()], cloud, deployed([function(512)], cloud))
    wanted = Wanted(PlanKind.ROLLBACK, "support-desk", (function(1024),), targets=("Tickets",))
    plan = make_plan(wanted, state=before, live=seen(cloud, before), kinds=KINDS)
    ledger = RecordingLedger(before)
    run(plan, ledger, cloud)
    deleted = replace(before.resources["Answer"], logical_id="Deleted")
    then = before.with_resources([*before.resources.values(), deleted])
    done = certified(plan, then, before, ledger, cloud, left={"Answer", "Deleted"})
    assert {e.logical_id: e.outcome for e in done.entries} == {
        "Answer": Outcome.EXCEPTED, "Tickets": Outcome.GONE, "Deleted": Outcome.EXCEPTED,
    }  # fmt: skip
    assert done.target == ""


def test_what_cannot_be_read_is_unknown_and_other_formats_are_refused() -> None:
    made = Certificate("now", "then", WHEN, unread="AWS does not answer.")
    assert (made.verdict, Certificate.from_dict(made.as_dict())) == (Verdict.UNKNOWN, made)
    with pytest.raises(Refused, match="certificate format '2' is not known"):
        Certificate.from_dict(made.as_dict() | {"format": "2"})
    assert FORMAT == "1"


def test_what_will_not_come_back_is_said_before() -> None:
    kept = resource("Kept", "Table", {"TableName": "kept"}, retain=True)
    rule = resource("Watch", "Rule", {"Pattern": "a"})
    quiet = resource("Quiet", "Role", {"RoleName": "quiet"})
    cloud = FakeCloud()
    then = deployed([table(), rule, quiet], cloud)
    before = deployed([table(KeySchema="key"), quiet, kept], cloud, then)
    plan = planned([table(), rule, quiet], before, cloud)
    said = {
        each.logical_id: [found.finding for found in each.found] for each in foresee(plan, then, Since(), kinds=KINDS)
    }
    assert said == {
        "Tickets": [Finding.DATA], "Watch": [Finding.CREATED_AGAIN], "Kept": [Finding.RETAINED],
    }  # fmt: skip
    unchanged = planned([table(KeySchema="key"), quiet, kept], before, cloud)
    (entry,) = foresee(unchanged, then, Since(remade={"Tickets"}), kinds=KINDS)
    assert [each.finding for each in entry.found] == [Finding.DATA], "it is not the one of then already"


@given(specs(), specs())
def test_every_rollback_that_succeeds_is_certified_and_foreseen(first: Resources, second: Resources) -> None:
    cloud = FakeCloud()
    then = deployed(first, cloud)
    before = deployed(second, cloud, then)
    plan, ledger = back(first, before, cloud)
    remade = {c.logical_id for c in plan.changes if c.action in (Action.CREATE, Action.REPLACE)}
    done = certified(plan, then, before, ledger, cloud, remade=remade)
    assert done.verdict in (Verdict.RESTORED, Verdict.EXCEPTIONS)
    assert {entry.logical_id for entry in done.entries if entry.wanted} == {each.logical_id for each in first}
    for entry in done.entries:
        generated = {Finding.GENERATED} & {each.finding for each in entry.found}
        assert bool(generated) == (entry.live_digest != entry.target_digest)
    data = {each.logical_id for each in done.entries for found in each.found if found.finding is Finding.DATA}
    foreseen = foresee(plan, then, Since(remade=remade), kinds=KINDS)
    assert data == {e.logical_id for e in foreseen for found in e.found if found.finding is Finding.DATA}


failures = st.lists(st.tuples(st.sampled_from(("Create", "Configure", "Delete")), st.sampled_from(NAMES)), max_size=3)


@given(specs(), specs(), failures, st.data())
def test_a_certificate_never_says_restored_of_what_is_not(
    first: Resources, second: Resources, failing: Collection[tuple[str, str]], data: st.DataObject
) -> None:
    cloud = FakeCloud()
    then = deployed(first, cloud)
    before = deployed(second, cloud, then)
    for operation, name in failing:
        for called in (name, f"{name.lower()}-1", f"{name.lower()}-2"):
            cloud.fail(operation, called, times=9)
    plan, ledger = back(first, before, cloud)
    cloud._failures.clear()
    touched = _meddled(ledger.state, cloud, data)
    done = certified(plan, then, before, ledger, cloud)
    again = planned(first, ledger.state, cloud)
    left = [c for c in again.changes if c.action is not Action.NO_CHANGE and c.reason is not Reason.ALREADY_GONE]
    for name in touched & {each.logical_id for each in first}:
        assert of(done, name).outcome in (Outcome.EXCEPTED, Outcome.NOT_RESTORED)
    if left:
        assert done.verdict is not Verdict.RESTORED, left
    elif not touched:
        assert done.verdict is not Verdict.NOT_RESTORED


def _meddled(state: State, cloud: FakeCloud, data: st.DataObject) -> set[str]:
    """What somebody then changes or deletes outside."""
    touched = set()
    things: Mapping[str, Any] = cloud.inventory()
    for name, entry in state.resources.items():
        called = next((thing["name"] for key, thing in things.items() if key.endswith(f"/{entry.physical_id}")), None)
        if called is None:
            continue
        match data.draw(st.sampled_from(["leave", "leave", "change", "remove"])):
            case "change":
                cloud.change(entry.type, called, Size=99)
                touched.add(name)
            case "remove":
                cloud.remove(entry.type, called)
                touched.add(name)
    return touched
