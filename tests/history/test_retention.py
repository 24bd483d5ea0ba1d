"""What a policy lets go, and what stays whatever it says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.retention import Candidate, Policy, differences, due, judged

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def made(number: int, status: str = "succeeded", age: float = 100, **more: object) -> Candidate:
    """The record with that number, ended so many days ago."""
    return Candidate(f"d{number}", number, status, NOW - timedelta(days=age), **more)  # type: ignore[arg-type]


DAYS = st.none() | st.integers(1, 60)
POLICIES = st.builds(Policy, st.integers(1, 6), DAYS, DAYS)
MARKS = st.sampled_from([{}, {}, {}, {"kept_by": ("tagged v1",)}, {"kept_by": ("held for x",), "held": True}])


@st.composite
def histories(draw: st.DrawFn) -> list[Candidate]:
    """Up to twelve records, each older than the next, some marked, some going back to others."""
    count, age = draw(st.integers(0, 12)), 0.0
    records = []
    for number in range(count, 0, -1):
        age += draw(st.floats(0, 20))
        status = draw(st.sampled_from(["succeeded", "failed", "cancelled"]))
        back = draw(st.sampled_from(["", *(f"d{each}" for each in range(1, number))]))
        records.append(made(number, status, age, rollback_to=back, **draw(MARKS)))
    return draw(st.permutations(records))


@given(histories(), POLICIES)
def test_what_must_stay_stays(records: list[Candidate], policy: Policy) -> None:
    going = {each.deployment_id for each, _ in due(records, policy, NOW)}
    newest = sorted(records, key=lambda each: -each.sequence)
    assert not going & {each.deployment_id for each in newest[: policy.keep_last]}
    assert not going & {each.deployment_id for each in records if each.kept_by}
    assert not going & {each.rollback_to for each in records if each.held}
    good = [each for each in newest if each.status == "succeeded"]
    assert not going & {each.deployment_id for each in good[:1]}
    if policy.succeeded_days is None:
        assert not going & {each.deployment_id for each in good}
    if policy.failed_days is None:
        assert going <= {each.deployment_id for each in good}


@given(histories(), POLICIES)
def test_what_goes_is_old_and_says_why(records: list[Candidate], policy: Policy) -> None:
    verdicts = judged(records, policy, NOW)
    assert [each.record.sequence for each in verdicts] == sorted((each.sequence for each in records), reverse=True)
    assert all(each.why for each in verdicts)
    for each, why in due(records, policy, NOW):
        days = policy.days_for(each.status)
        assert days is not None and NOW - each.ended_at >= timedelta(days=days)
        assert f"{(NOW - each.ended_at).days} days ago" in why


@given(histories(), POLICIES, st.integers(0, 40), st.integers(0, 5))
def test_who_keeps_more_loses_nothing_more(records: list[Candidate], policy: Policy, days: int, more: int) -> None:
    def longer(value: int | None) -> int | None:
        return None if value is None else value + days

    kinder = Policy(policy.keep_last + more, longer(policy.succeeded_days), longer(policy.failed_days))
    lost, before = ({each.deployment_id for each, _ in due(records, one, NOW)} for one in (kinder, policy))
    assert lost <= before


@given(histories(), POLICIES)
def test_letting_go_what_is_due_leaves_nothing_due(records: list[Candidate], policy: Policy) -> None:
    gone = {each.deployment_id for each, _ in due(records, policy, NOW)}
    left = [each for each in records if each.deployment_id not in gone]
    assert due(left, policy, NOW) == []


def test_the_oldest_goes_first_and_reasons_are_sentences() -> None:
    records = [
        made(1, age=400),
        made(2, "failed", age=300),
        made(3, age=200, kept_by=("tagged v1", "held for Case 7"), held=True, rollback_to="d1"),
        made(4, "failed", age=100),
        made(5, age=50),
        made(6, "cancelled", age=20),
        made(7, "failed", age=1),
    ]
    policy = Policy(1, 30, 7)
    assert [(each.deployment_id, why) for each, why in due(records, policy, NOW)] == [
        ("d2", "it failed 300 days ago; what did not succeed is kept for 7 days"),
        ("d4", "it failed 100 days ago; what did not succeed is kept for 7 days"),
        ("d6", "it was cancelled 20 days ago; what did not succeed is kept for 7 days"),
    ]
    why = {each.record.deployment_id: each.why for each in judged(records, policy, NOW, {"d6": "it is needed"})}
    assert why["d1"] == "d3, which is held, went back to it"
    assert why["d3"] == "it is tagged v1, held for Case 7"
    assert why["d5"] == "it is the newest that succeeded"
    assert why["d6"] == "it is needed"
    assert why["d7"] == "it is the newest"
    kept = {each.record.deployment_id: each.why for each in judged(records, Policy(3, None, 500), NOW)}
    assert kept["d6"] == "it is one of the last 3"
    assert kept["d4"] == "what did not succeed is kept for 500 days"
    assert due(records, Policy(), NOW) == []


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (Policy(), "every record is kept for ever"),
        (Policy(5, 365, 30), "the last 5 are kept, what succeeded for 365 days, what did not for 30 days"),
        (Policy(1, None, 1), "the last is kept, what succeeded for ever, what did not for a day"),
    ],
)
def test_a_policy_in_words(policy: Policy, words: str) -> None:
    assert str(policy) == words


def test_a_change_of_policy_in_words() -> None:
    assert differences(Policy(), Policy()) == []
    assert differences(Policy(20, None, None), Policy(5, 365, None)) == [
        "the last 5 records are always kept (before: the last 20 records are always kept)",
        "what succeeded is kept for 365 days (before: what succeeded is kept for ever)",
    ]
