"""The decision: what holds for every plan, and how it reads for a few."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from projects.protection.deciding import Decision, NeedKind, Outcome, decide, stopping
from projects.protection.facts import Debt, Facts, Impact, Override, Person, Review
from projects.protection.freezing import open_window
from projects.protection.model import Budget, Freeze, Protection, Requirement, Running
from projects.protection.places import meets, shortages
from projects.protection.reading import read
from projects.roles import Role
from tests.projects.protections import (
    ADA,
    ALICE,
    BOB,
    CAST,
    DIGEST,
    EARLIER,
    NOW,
    OLGA,
    OTHER,
    OTTO,
    VERA,
    approval,
    approvals,
    facts,
    of_bob,
    protections,
    requirements,
    reviews,
)

several = st.lists(reviews, max_size=5)
subsets = st.lists(st.sampled_from(CAST), unique=True)
LEVELS = list(Outcome)


def level(decision: Decision) -> int:
    """How much is allowed: 0 refused, 1 waiting, 2 allowed."""
    return LEVELS.index(decision.outcome)


@given(protections, facts, several, approvals)
def test_one_more_approval_never_makes_less_allowed(
    protection: Protection, known: Facts, said: list[Review], more: Review
) -> None:
    before, after = decide(protection, known, said, NOW), decide(protection, known, [*said, more], NOW)
    assert level(after) >= level(before)
    assert _missing(after) <= _missing(before)


def _missing(decision: Decision) -> int:
    return sum(need.kind is NeedKind.APPROVAL for need in decision.needs)


@given(protections, facts, several, reviews, st.sampled_from([DIGEST, EARLIER]))
def test_a_rejection_always_refuses(
    protection: Protection, known: Facts, said: list[Review], last: Review, digest: str
) -> None:
    known = replace(known, earlier_digests=frozenset({EARLIER}))
    rejection = replace(last, approved=False, plan_digest=digest)
    decision = decide(protection, known, [*said, rejection], NOW)
    assert decision.outcome is Outcome.REFUSED
    assert f"{rejection.name} rejected this plan." in decision.words


@given(protections, facts, several, st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(
    protection: Protection, known: Facts, said: list[Review], random: Any
) -> None:
    decision = decide(protection, known, said, NOW)
    shuffled, people = list(said), list(known.people)
    random.shuffle(shuffled)
    random.shuffle(people)
    assert decide(protection, replace(known, people=tuple(people)), shuffled, NOW) == decision
    again = decide(protection, known, [*said, *said], NOW)
    assert (again.outcome, again.needs) == (decision.outcome, decision.needs)


@given(protections, facts, several)
def test_only_people_who_may_and_are_not_part_of_it_count(
    protection: Protection, known: Facts, said: list[Review]
) -> None:
    decision = decide(protection, known, said, NOW)
    may = {person.name for person in known.people if person.role in (Role.APPROVER, Role.OWNER)}
    if not protection.proposer_may_approve:
        may -= {person.name for person in known.people if person.id in known.proposers}
    if not protection.editor_may_approve:
        may -= {person.name for person in known.people if person.id in known.editors}
    assert set(decision.approved_by) <= may
    assert len(set(decision.approved_by)) == len(decision.approved_by)


@given(protections, facts, several)
def test_as_many_distinct_people_approve_as_are_required(
    protection: Protection, known: Facts, said: list[Review]
) -> None:
    decision = decide(protection, known, said, NOW)
    if decision.allowed:
        assert len(decision.approved_by) >= decision.required
    if not any(need.kind is NeedKind.APPROVAL for need in decision.needs):
        assert len(decision.approved_by) >= decision.required


@given(protections, facts, several, st.integers(1, 48))
def test_what_has_expired_counts_as_if_it_was_never_said(
    protection: Protection, known: Facts, said: list[Review], hours: int
) -> None:
    protection = replace(protection, approvals_expire_hours=hours)
    kept = [review for review in said if not review.approved or review.given_at + timedelta(hours=hours) > NOW]
    with_all, without = decide(protection, known, said, NOW), decide(protection, known, kept, NOW)
    assert (with_all.outcome, with_all.needs, with_all.approved_by) == (
        without.outcome,
        without.needs,
        without.approved_by,
    )


@given(protections, facts, several)
def test_what_was_said_of_another_plan_does_not_matter(
    protection: Protection, known: Facts, said: list[Review]
) -> None:
    about_it = [review for review in said if known.is_about(review.plan_digest)]
    assert decide(protection, known, said, NOW) == decide(protection, known, about_it, NOW)


@given(protections, facts, several)
def test_who_lost_the_role_no_longer_counts(protection: Protection, known: Facts, said: list[Review]) -> None:
    demoted = replace(known, people=tuple(replace(person, role=Role.VIEWER) for person in known.people))
    decision = decide(protection, demoted, said, NOW)
    assert not decision.approved_by
    assert not (decision.allowed and decision.required)


@given(protections, facts, several)
def test_whoever_is_named_does_help(protection: Protection, known: Facts, said: list[Review]) -> None:
    assume(not protection.fresh_factor)
    decision = decide(protection, known, said, NOW)
    names = {person.id: person.name for person in known.people}
    for need in decision.needs:
        for helper in need.people if need.kind is NeedKind.APPROVAL else ():
            more = Review(helper, names[helper], True, known.plan_digest, NOW, "fine")
            after = decide(protection, known, [*said, more], NOW)
            assert _places(after) == _places(decision) - 1


def _places(decision: Decision) -> int:
    """How many approvals are missing."""
    texts = [need.text for need in decision.needs if need.kind is NeedKind.APPROVAL]
    return sum(int(text.split()[0]) for text in texts)


@given(protections, facts, several)
def test_what_is_not_allowed_says_why(protection: Protection, known: Facts, said: list[Review]) -> None:
    decision = decide(protection, known, said, NOW)
    assert decision.allowed == (not decision.words)
    assert all(sentence.endswith(".") for sentence in (*decision.words, *decision.discounted, *decision.over_budget))


@given(facts, several)
def test_an_unprotected_environment_takes_everything_that_nobody_rejected(known: Facts, said: list[Review]) -> None:
    rejected = any(not review.approved and known.is_about(review.plan_digest) for review in said)
    assert decide(Protection(), known, said, NOW).allowed == (not rejected)


@given(st.lists(requirements, max_size=2), subsets, st.lists(st.sampled_from(CAST), unique=True))
def test_places_are_filled_as_well_as_can_be(
    wanted: list[Requirement], approved: list[Person], others: list[Person]
) -> None:
    others = [person for person in others if person not in approved]
    missing = sum(each.missing for each in shortages(wanted, approved, others))
    places = [each for each in wanted for _ in range(each.count)]
    assert missing == len(places) - max(_fillings(places, approved))


def _fillings(places: list[Requirement], people: list[Person]) -> Iterator[int]:
    """How many places each way to line up the people fills, by trying all of them."""
    padded: list[Person | None] = [*people, *[None] * len(places)]
    for line in set(permutations(padded, len(places))):
        yield sum(person is not None and meets(person, place) for person, place in zip(line, places, strict=True))


TWO = Protection(approvals=(Requirement(1, people=("ada",)), Requirement(1)))


def test_who_is_missing_is_named() -> None:
    decision = decide(TWO, of_bob(), [], NOW)
    assert decision.words == (
        "1 more approval by ada is missing: Ada can give it.",
        "1 more approval by whoever may approve is missing: Alice, Ada, Olga or Otto can give it.",
    )
    assert decision.required == 2


def test_one_person_fills_one_place_where_it_helps_most() -> None:
    once = decide(TWO, of_bob(), [approval(ADA)], NOW)
    assert [need.people for need in once.needs] == [(ALICE.id, OLGA.id, OTTO.id)]
    swapped = Protection(approvals=TWO.approvals[::-1])
    assert decide(swapped, of_bob(), [approval(ADA)], NOW).words == once.words
    assert decide(TWO, of_bob(), [approval(ADA), approval(OLGA)], NOW).allowed


def test_it_says_when_there_are_too_few_people() -> None:
    few = of_bob(people=(ADA, BOB, VERA))
    assert decide(Protection(approvals=(Requirement(2),)), few, [], NOW).words == (
        "2 more approvals by whoever may approve are missing: only Ada could give one; "
        "an owner has to change the roles or the protection.",
    )
    assert "nobody else can give it" in decide(TWO, few, [approval(ADA)], NOW).words[0]


@pytest.mark.parametrize(
    ("protection", "known", "review", "why"),
    [
        ({}, {"proposers": frozenset({ADA.id})}, approval(ADA), "Ada proposed this plan, or stands behind what did."),
        ({}, {"editors": frozenset({ADA.id})}, approval(ADA), "Ada edited its configuration last."),
        ({}, {}, approval(VERA), "Vera may not approve here any more."),
        ({}, {}, replace(approval(ADA), person=None), "Ada may not approve here any more."),
        (
            {"approvals_expire_hours": 1},
            {},
            approval(ADA, minutes_ago=60),
            "Ada's approval is older than 1 hour and has expired.",
        ),
        (
            {"comment_required": True},
            {},
            approval(ADA, comment=" "),
            "Ada approved without a comment, which is asked for.",
        ),
        ({"fresh_factor": True}, {}, approval(ADA), "Ada approved without a fresh second factor."),
        (
            {"fresh_factor": True},
            {},
            approval(ADA, factor_minutes_ago=6),
            "Ada approved without a fresh second factor.",
        ),
    ],
)
def test_an_approval_that_does_not_count_says_why(
    protection: dict[str, Any], known: dict[str, Any], review: Review, why: str
) -> None:
    decision = decide(Protection(approvals=(Requirement(1),), **protection), of_bob(**known), [review], NOW)
    assert decision.outcome is Outcome.WAITING
    assert decision.discounted == (why,)


def test_a_second_factor_shown_afterwards_is_none() -> None:
    protection = Protection(approvals=(Requirement(1),), fresh_factor=True)
    late = approval(ADA, minutes_ago=2, factor_minutes_ago=1)
    assert decide(protection, of_bob(), [late], NOW).outcome is Outcome.WAITING


def test_of_many_who_could_approve_five_are_named() -> None:
    crowd = tuple(Person(number, f"p{number}", f"P{number}", Role.APPROVER) for number in range(1, 9))
    (need,) = decide(Protection(approvals=(Requirement(1),)), of_bob(people=crowd), [], NOW).needs
    assert need.text.endswith("P1, P2, P3, P5, P6 or 2 more can give it.")  # P4 proposed it
    assert len(need.people) == 7


def test_one_who_may_approve_their_own_does() -> None:
    protection = Protection(approvals=(Requirement(1),), proposer_may_approve=True, editor_may_approve=True)
    known = of_bob(proposers=frozenset({ADA.id}), editors=frozenset({ADA.id}))
    assert decide(protection, known, [approval(ADA)], NOW).allowed


def test_a_second_approval_mends_the_first() -> None:
    protection = Protection(approvals=(Requirement(1),), fresh_factor=True, comment_required=True)
    good = approval(ADA, comment="fine", factor_minutes_ago=5)
    decision = decide(protection, of_bob(), [approval(ADA, minutes_ago=9), good], NOW)
    assert (decision.allowed, decision.approved_by, decision.discounted) == (True, ("Ada",), ())


def test_an_approval_of_a_plan_that_covers_this_one_counts() -> None:
    review = replace(approval(ADA), plan_digest=EARLIER)
    protection = Protection(approvals=(Requirement(1),))
    assert not decide(protection, of_bob(), [review], NOW).allowed
    assert decide(protection, of_bob(earlier_digests=frozenset({EARLIER})), [review], NOW).allowed


def test_a_rejection_of_another_plan_refuses_nothing() -> None:
    rejection = replace(approval(ADA), approved=False, plan_digest=OTHER)
    assert decide(Protection(), of_bob(), [rejection], NOW).allowed


def test_over_budget_more_people_have_to_agree() -> None:
    budget = Budget(deletes=2, replaced_stateful=0, monthly_increase_usd=10.0, new_permissions=0, resources=9)
    protection = Protection(approvals=(Requirement(1, people=("ada",)),), budget=budget)
    at_most = of_bob(impact=Impact(2, 0, 10.0, 0, 9))
    assert decide(protection, at_most, [approval(ADA)], NOW).allowed
    over = of_bob(impact=Impact(3, 1, 10.5, 1, 10))
    decision = decide(protection, over, [approval(ADA)], NOW)
    assert decision.over_budget == (
        "It deletes 3 resources; the budget has 2.",
        "It replaces 1 that hold data; the budget has 0.",
        "It gives 1 new permissions; the budget has 0.",
        "It touches 10 resources; the budget has 9.",
        "It costs 10.50 USD a month more; the budget has 10.00.",
    )
    assert (decision.outcome, decision.required) == (Outcome.WAITING, 2)
    assert decide(protection, over, [approval(ADA), approval(OLGA)], NOW).allowed
    refused = decide(replace(protection, budget=replace(budget, refuses=True)), over, [approval(ADA)], NOW)
    assert (refused.outcome, refused.words, refused.required) == (Outcome.REFUSED, decision.over_budget, 1)


@pytest.mark.parametrize(
    ("protection", "known", "outcome", "words"),
    [
        (
            {"promoted_from": ("staging",)},
            {},
            Outcome.REFUSED,
            "Only what is promoted from staging may be deployed here; this was not promoted.",
        ),
        (
            {"promoted_from": ("staging",)},
            {"promoted_from": "dev"},
            Outcome.REFUSED,
            "Only what is promoted from staging may be deployed here; this was promoted from dev.",
        ),
        ({"promoted_from": ("staging",)}, {"promoted_from": "staging"}, Outcome.ALLOWED, ""),
        ({"promoted_from": ("staging",), "lint": True}, {"brings_new": False}, Outcome.ALLOWED, ""),
        (
            {"branches": ("main", "release/*")},
            {"branches": frozenset({"topic"})},
            Outcome.REFUSED,
            "Only sources of the branch main or release/* may be deployed here; these come from topic.",
        ),
        (
            {"branches": ("main",)},
            {},
            Outcome.REFUSED,
            "Only sources of the branch main may be deployed here; these do not say from which they come.",
        ),
        ({"branches": ("main", "release/*")}, {"branches": frozenset({"topic", "release/7"})}, Outcome.ALLOWED, ""),
        ({"preflight": True}, {}, Outcome.WAITING, "The preflight checks have to pass. They have not run yet."),
        (
            {"preflight": True},
            {"preflight": False},
            Outcome.WAITING,
            "The preflight checks have to pass. They failed; they can be run again.",
        ),
        ({"preflight": True}, {"preflight": True}, Outcome.ALLOWED, ""),
        ({"lint": True}, {}, Outcome.WAITING, "The configuration has to be linted; that was not done yet."),
        (
            {"lint": True},
            {"lint": False},
            Outcome.REFUSED,
            "The lint found errors in the configuration; it has to be put right, and planned again.",
        ),
        ({"lint": True}, {"lint": True}, Outcome.ALLOWED, ""),
        (
            {"upstream": ("dev", "staging")},
            {"deployed_in": frozenset({"dev"})},
            Outcome.WAITING,
            "The same configuration and sources have to be deployed successfully first in staging.",
        ),
        ({"upstream": ("dev",)}, {"deployed_in": frozenset({"dev"})}, Outcome.ALLOWED, ""),
        (
            {"upstream_of_path": True, "upstream": ("dev",)},
            {"before_on_path": "staging"},
            Outcome.WAITING,
            "The same configuration and sources have to be deployed successfully first in dev and staging.",
        ),
        (
            {"upstream_of_path": True},
            {"before_on_path": "staging", "deployed_in": frozenset({"staging"})},
            Outcome.ALLOWED,
            "",
        ),
        ({"upstream_of_path": True}, {"before_on_path": ""}, Outcome.ALLOWED, ""),
        (
            {"upstream_of_path": True},
            {"before_on_path": None},
            Outcome.WAITING,
            "Only what succeeded before it on the project's path may be deployed here, and this is not on the path; "
            "an owner has to put it there.",
        ),
        ({"upstream_of_path": True}, {"before_on_path": None, "brings_new": False}, Outcome.ALLOWED, ""),
        (
            {"minimum_wait_minutes": 90},
            {},
            Outcome.WAITING,
            "Plans wait 90 minutes here before they run: 30 more minutes.",
        ),
        ({"minimum_wait_minutes": 60}, {}, Outcome.ALLOWED, ""),
    ],
)
def test_sources_checks_and_waiting(
    protection: dict[str, Any], known: dict[str, Any], outcome: Outcome, words: str
) -> None:
    decision = decide(Protection(**protection), of_bob(**known), [], NOW)
    assert (decision.outcome, " ".join(decision.words)) == (outcome, words)


WEEKEND = {"name": "weekend", "zone": "Europe/Berlin", "weekly": {"days": ["fri"], "at": "12:30", "minutes": 3990}}
FROZEN = read({"freezes": [WEEKEND]})


def test_a_freeze_names_its_end_and_the_owners() -> None:
    (need,) = decide(FROZEN, of_bob(), [], NOW).needs
    assert need.text == (
        "Nothing starts here during weekend, until Mon 23 Nov 2026 07:00 (Europe/Berlin), "
        "unless an owner overrides it with a reason."
    )
    assert (need.people, need.until) == ((ALICE.id, OTTO.id), datetime(2026, 11, 23, 6, 0, tzinfo=UTC))


GOOD = Override(ALICE.id, DIGEST, "weekend", "the fix cannot wait", NOW)


@pytest.mark.parametrize(
    ("override", "holds"),
    [
        (GOOD, True),
        (replace(GOOD, person=ADA.id), False),
        (replace(GOOD, person=None), False),
        (replace(GOOD, plan_digest=OTHER), False),
        (replace(GOOD, freeze="Christmas"), False),
        (replace(GOOD, reason=" "), False),
        (replace(GOOD, given_at=NOW - timedelta(days=7)), False),
    ],
)
def test_an_owner_overrides_a_freeze_with_a_reason(override: Override, holds: bool) -> None:
    known = of_bob(overrides=(override,))
    assert decide(FROZEN, known, [], NOW).allowed is holds
    ending = [replace(freeze, running=Running.END) for freeze in FROZEN.freezes]
    assert bool(stopping(ending, known, NOW)) is not holds
    assert not stopping(FROZEN.freezes, known, NOW)


def window_of(freeze: dict[str, Any], now: datetime) -> tuple[datetime, datetime] | None:
    """Start and end of what is open."""
    (parsed,) = read({"freezes": [{"name": "x", "zone": "UTC", **freeze}]}).freezes
    window = open_window(parsed, now)
    return (window.start, window.end) if window else None


def utc(*parts: int) -> datetime:
    """An instant in UTC."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def test_days_that_touch_are_one_freeze() -> None:
    weekly = {"days": ["sat", "sun"], "at": "00:00", "minutes": 1440}
    assert window_of({"weekly": weekly}, utc(2026, 11, 21, 9)) == (utc(2026, 11, 21), utc(2026, 11, 23))
    assert window_of({"weekly": weekly}, utc(2026, 11, 20, 23, 59)) is None
    assert window_of({"weekly": weekly}, utc(2026, 11, 23)) is None


def test_a_freeze_ends_by_the_clock_on_the_wall() -> None:
    weekly = {"days": ["sat"], "at": "20:00", "minutes": 1440}
    found = window_of({"zone": "Europe/Berlin", "weekly": weekly}, utc(2026, 10, 25, 9))
    assert found == (utc(2026, 10, 24, 18), utc(2026, 10, 25, 19))  # clocks went back: 25 hours


def test_hours_that_exist_twice_or_never_are_frozen_whole() -> None:
    twice = {"start": "2026-10-25T02:00", "end": "2026-10-25T02:30"}
    assert window_of({"zone": "Europe/Berlin", "once": twice}, utc(2026, 10, 25, 1)) == (
        utc(2026, 10, 25, 0),
        utc(2026, 10, 25, 1, 30),
    )
    never = {"start": "2026-03-29T02:15", "end": "2026-03-29T02:45"}
    assert window_of({"zone": "Europe/Berlin", "once": never}, utc(2026, 3, 29, 1)) == (
        utc(2026, 3, 29, 0, 15),
        utc(2026, 3, 29, 1, 45),
    )


@given(protections, st.integers(-20 * 24 * 60, 20 * 24 * 60))
def test_a_window_holds_the_instant_it_was_asked_for(protection: Protection, minutes: int) -> None:
    now = NOW + timedelta(minutes=minutes)
    for freeze in protection.freezes:
        window = open_window(freeze, now)
        assert window is None or (window.holds(now) and _closed(freeze, window.end))


def _closed(freeze: Freeze, end: datetime) -> bool:
    """Nothing of the freeze is open at the end, unless it leaves no gap for longer than anybody looks."""
    window = open_window(freeze, end)
    return window is None or end - window.start >= timedelta(days=7)


def test_an_emergency_is_a_debt_that_somebody_else_settles() -> None:
    known = of_bob(debts=(Debt("2026-11-20T10-00-00Z-abc123", ADA.id, "Ada"),))
    (need,) = decide(Protection(), known, [], NOW).needs
    assert need.kind is NeedKind.DEBT and ADA.id not in need.people
    assert need.text == (
        "Ada deployed 2026-11-20T10-00-00Z-abc123 in an emergency; a second person has to review that first: "
        "Alice, Olga or Otto can do that."
    )
    alone = replace(known, people=(ADA, BOB, VERA))
    assert decide(Protection(), alone, [], NOW).words[0].endswith("nobody else can; an owner has to change the roles.")
