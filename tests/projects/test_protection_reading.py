"""Protections from JSON and back, their mistakes by place, and what differs between two in words."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.protection.comparing import differences, in_words
from projects.protection.model import Budget, Protection, Requirement
from projects.protection.reading import Unreadable, read, read_json
from projects.roles import Role
from tests.projects.protections import protections

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(protections)
def test_what_is_written_is_read(protection: Protection) -> None:
    assert read_json(protection.to_json()) == protection
    assert read(json.loads(json.dumps(protection.as_dict()))).digest() == protection.digest()


def test_nothing_asks_for_nothing() -> None:
    assert read({}) == Protection() == read(Protection().as_dict())


@given(protections, st.sampled_from([*Protection().as_dict(), "other"]), anything)
def test_anything_is_read_or_told_with_its_place(protection: Protection, key: str, value: Any) -> None:
    try:
        found = read({**protection.as_dict(), key: value})
    except Unreadable as error:
        assert all(key in mistake.place and mistake.message for mistake in error.mistakes)  # noqa: PT017
    else:
        assert read(found.as_dict()) == found


@given(anything)
def test_anything_else_is_no_protection(value: Any) -> None:
    if value != {}:
        with pytest.raises(Unreadable):
            read(value)


def freeze(**more: Any) -> dict[str, Any]:
    """A freeze over the weekend, but for what is given."""
    weekly = {"days": ["fri"], "at": "16:00", "minutes": 60}
    return {"freezes": [{"name": "weekend", "zone": "UTC", "weekly": weekly, **more}]}


def once(start: Any, end: Any) -> dict[str, Any]:
    """A freeze between two times."""
    return {"freezes": [{"name": "audit", "zone": "UTC", "once": {"start": start, "end": end}}]}


def cron(expression: str, minutes: int | None = 60) -> dict[str, Any]:
    """A freeze at times of cron."""
    return {"freezes": [{"name": "audit", "zone": "UTC", "cron": {"expression": expression, "minutes": minutes}}]}


@pytest.mark.parametrize(
    ("data", "place", "message"),
    [
        ([], "", "an object is expected"),
        ({"aprovals": []}, '"aprovals"', "did you mean approvals?"),
        ({"format": "2"}, "format", 'only "1" is known'),
        ({"approvals": {}}, "approvals", "a list of at most 100"),
        ({"approvals": [{"count": 0}]}, "approvals[0].count", "from 1 to 20"),
        ({"approvals": [{"count": True}]}, "approvals[0].count", "from 1 to 20"),
        ({"approvals": [{"count": 11}, {"count": 10}]}, "approvals", "at most 20 people"),
        ({"approvals": [{}, {"roles": ["deployer"]}]}, "approvals[1].roles[0]", "one of approver, owner"),
        ({"approvals": [{"people": ["ada", "ada"]}]}, "approvals[0].people", "named twice"),
        ({"approvals": [{"groups": ["a\nb"]}]}, "approvals[0].groups[0]", "on one line"),
        ({"commentRequired": 1}, "commentRequired", "true or false"),
        ({"approvalsExpireHours": 0}, "approvalsExpireHours", "from 1 to"),
        ({"budget": {"monthlyIncreaseUsd": float("nan")}}, "budget.monthlyIncreaseUsd", "an amount"),
        ({"budget": {"moreApprovals": 0}}, "budget.moreApprovals", "from 1 to"),
        (freeze(zone="Europe/Berlim"), "freezes[0].zone", "did you mean Europe/Berlin?"),
        (freeze(zone="../etc/passwd"), "freezes[0].zone", "there is no time zone"),
        (freeze(zone="Europe"), "freezes[0].zone", "there is no time zone"),
        (freeze(name=""), "freezes[0].name", "a text"),
        (freeze(running="stop"), "freezes[0].running", "one of finish, end"),
        (freeze(once={}), "freezes[0]", "either once, weekly or cron"),
        (cron("0 16 * *"), "freezes[0].cron.expression", "five fields"),
        (cron("0 16 * * fri", None), "freezes[0].cron.minutes", "say how many"),
        (cron("*/5 * * * *", 2), "freezes[0].cron.expression", "more than 24 times a day"),
        (freeze(weekly={"days": [], "at": "16:00", "minutes": 1}), "freezes[0].weekly.days", "at least one day"),
        (freeze(weekly={"days": ["fri"], "at": "4 pm", "minutes": 1}), "freezes[0].weekly.at", "like 16:00"),
        (freeze(weekly={"days": ["fri"], "at": "16:00+01:00", "minutes": 1}), "freezes[0].weekly.at", "like 16:00"),
        (freeze(weekly={"days": ["fri"], "at": "16:00"}), "freezes[0].weekly.minutes", "say how many"),
        ({"freezes": freeze()["freezes"] * 2}, "freezes[1].name", 'a freeze "weekend" already'),
        (once("2026-12-24", "2027-01-02T08:00"), "freezes[0].once.start", "like 2026-12-24T18:00"),
        (once(None, "2027-01-02T08:00"), "freezes[0].once.start", "like 2026-12-24T18:00"),
        (once("2026-12-24T18:00", "2026-12-24T18:00"), "freezes[0].once.end", "after it starts"),
    ],
)
def test_mistakes_name_their_place(data: Any, place: str, message: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(data)
    (mistake,) = caught.value.mistakes
    assert mistake.place == place
    assert message in mistake.message
    assert str(mistake) in str(caught.value)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(Unreadable) as caught:
        read({"lint": "yes", "upstream": [7], "budget": []})
    assert {mistake.place for mistake in caught.value.mistakes} == {"lint", "upstream[0]", "budget"}


def test_what_is_no_json_is_told() -> None:
    with pytest.raises(Unreadable, match="this is no JSON"):
        read_json("{")


def test_order_that_says_nothing_makes_no_other_digest() -> None:
    one = read({"approvals": [{"people": ["b", "a"]}, {"roles": ["owner", "approver"]}], "branches": ["x", "main"]})
    two = read({"approvals": [{"roles": ["approver", "owner"]}, {"people": ["a", "b"]}], "branches": ["main", "x"]})
    assert one.digest() == two.digest()


@given(protections, protections)
def test_there_are_differences_exactly_where_there_is_one(one: Protection, other: Protection) -> None:
    assert differences(one, one) == ()
    found, back = differences(one, other), differences(other, one)
    assert bool(found) == (one != other)
    assert {(each.setting, each.before, each.after) for each in found} == {
        (each.setting, each.after, each.before) for each in back
    }


@given(protections, protections)
def test_no_setting_can_change_unseen(one: Protection, other: Protection) -> None:
    for field in fields(Protection):
        changed = replace(one, **{field.name: getattr(other, field.name)})
        assert bool(differences(one, changed)) == (changed != one), field.name
    for field in fields(Budget):
        changed = replace(one, budget=replace(one.budget, **{field.name: getattr(other.budget, field.name)}))
        assert bool(differences(one, changed)) == (changed != one), field.name


def test_a_name_that_reads_like_two_hides_nothing() -> None:
    one, other = (Protection(branches=branches) for branches in (("main", "next"), ("main or next",)))
    assert [each.setting for each in differences(one, other)] == ["Branches"]


def test_blanks_and_letters_of_cron_make_no_other_digest() -> None:
    assert read(cron(" 0  16 * * FRI ")) == read(cron("0 16 * * fri"))


def test_a_number_too_large_for_a_float_is_a_mistake() -> None:
    with pytest.raises(Unreadable, match="an amount from 0"):
        read_json('{"budget": {"monthlyIncreaseUsd": 1%s}}' % ("0" * 400))


def test_differences_are_sentences() -> None:
    before = Protection(approvals=(Requirement(1),), minimum_wait_minutes=90)
    after = read(
        {**Protection(approvals=(Requirement(2, ("ada",), ("okta:sre",), (Role.OWNER,)),)).as_dict(), **freeze()}
    )
    assert [str(each) for each in differences(before, after)] == [
        "Approvals: no longer 1 by whoever may approve",
        "Approvals: newly 2 by ada, somebody of okta:sre or an owner",
        "Minimum wait: 0 minutes, was 1 hour and 30 minutes",
        "Freeze weekend: newly every Friday from 16:00 for 1 hour (UTC), lets what runs finish",
    ]


@given(protections)
def test_every_setting_has_words(protection: Protection) -> None:
    assert all(name and words for name, words in in_words(protection))
