"""Recorded resources as they really are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from deployments.engine.differences import property_changes
from deployments.engine.kinds import Kind
from deployments.engine.observing import observed
from deployments.engine.ports import Live
from deployments.engine.state import StateResource

KIND = Kind(
    type="Test::Function",
    label="function",
    policies=frozenset({"Policies", "PolicyDocument"}),
    unordered=frozenset({"Layers"}),
    defaults={"Timeout": 3},
    maps=frozenset({"Environment.Variables"}),
)


def policy(*actions: str) -> dict[str, Any]:
    return {"Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


def recorded(**properties: Any) -> StateResource:
    return StateResource("stack", "Desk", "Test::Function", "desk", properties, tags={"team": "a", "tier": "gold"})


def live(tags: dict[str, str] | None = None, **properties: Any) -> Live:
    return Live("desk", properties, tags={"team": "a", "tier": "gold"} if tags is None else tags)


def test_what_did_not_drift_is_as_it_was_recorded_to_the_letter() -> None:
    was = recorded(Layers=["b", "a"], PolicyDocument=policy("s3:GetObject", "s3:PutObject"))
    now = live(
        Layers=["a", "b"], PolicyDocument=policy("s3:putobject", "s3:GetObject"), Timeout=3, Arn="made up by AWS"
    )
    assert observed(KIND, was, now) == was


def test_a_changed_added_or_missing_value_is_the_live_one() -> None:
    was = recorded(Memory=512, Environment={"Variables": {"MODEL": "a", "a.b": "1"}}, Vpc={"Ids": ["x"], "Name": "n"})
    now = live(
        {"team": "b", "other": "x"},
        Memory=1024,
        Environment={"Variables": {"MODEL": "a", "a.b": "2", "NEW": "y"}},
        Vpc={"Ids": ["z"], "More": 1},
    )
    found = observed(KIND, was, now)
    assert found.properties == {
        "Memory": 1024,
        "Environment": {"Variables": {"MODEL": "a", "a.b": "2", "NEW": "y"}},
        "Vpc": {"Ids": ["z"]},
    }
    assert found.tags == {"team": "b"}, "what we never wrote is not looked at"
    assert was.properties["Environment"] == {"Variables": {"MODEL": "a", "a.b": "1"}}, "the record stays"


def test_policies_are_the_live_documents_by_name() -> None:
    was = recorded(
        Policies=[
            {"PolicyName": name, "PolicyDocument": policy("s3:GetObject")} for name in ("kept", "changed", "gone")
        ]
    )
    now = live(
        Policies=[
            {"PolicyName": "changed", "PolicyDocument": policy("s3:*")},
            {"PolicyName": "kept", "PolicyDocument": policy("s3:GetObject")},
            {"PolicyName": "added.by.hand", "PolicyDocument": policy("sqs:*")},
        ]
    )
    found = {each["PolicyName"]: each["PolicyDocument"] for each in observed(KIND, was, now).properties["Policies"]}
    assert found == {"kept": policy("s3:GetObject"), "changed": policy("s3:*"), "added.by.hand": policy("sqs:*")}
    one = recorded(PolicyDocument=policy("s3:GetObject"))
    assert observed(KIND, one, live(PolicyDocument=policy("s3:*"))).properties == {"PolicyDocument": policy("s3:*")}
    assert observed(KIND, one, live()).properties == {}


small = st.recursive(
    st.integers(0, 2) | st.sampled_from(["a", "b"]),
    lambda inner: st.dictionaries(st.sampled_from(["x", "y", "x.y"]), inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=6,
)
properties = st.dictionaries(st.sampled_from(["Memory", "Layers", "Timeout", "Vpc"]), small, max_size=3)


@given(properties, properties)
def test_against_what_is_observed_nothing_has_drifted(was: dict[str, Any], now: dict[str, Any]) -> None:
    found = observed(KIND, recorded(**was), live(**now))
    left = property_changes(KIND, desired=found.properties, recorded=found.properties, live=now)
    told = property_changes(KIND, desired=was, recorded=was, live=now)
    assert bool(told) or found == replace(recorded(**was), tags=found.tags)
    assert not left
