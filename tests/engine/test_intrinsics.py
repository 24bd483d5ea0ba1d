"""References: what they refer to, what they become, and how wrong ones are refused."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.engine.errors import Refused, UnknownReference
from deployments.engine.intrinsics import has_unknown, nearest, partition, recorded_lookup, references, resolve, shown
from deployments.engine.state import StateResource

TABLE = StateResource("shared", "Tickets", "Test::Table", "tickets-1", {}, {"Arn": "arn:t", "Stream.Arn": "arn:s"})
NETWORK = StateResource("shared", "Net", "Test::Network", "net-1", {}, {"CidrBlock": "10.9.0.0/24"})
LOOKUP = recorded_lookup(
    {"Tickets": TABLE, "Net": NETWORK}, region="cn-north-1", account="123456789012", unknown={"Later"}
)


@pytest.mark.parametrize(
    ("value", "names", "becomes"),
    [
        ({"Ref": "Tickets"}, {"Tickets"}, "tickets-1"),
        ({"Fn::GetAtt": ["Tickets", "Arn"]}, {"Tickets"}, "arn:t"),
        ({"Fn::GetAtt": "Tickets.Stream.Arn"}, {"Tickets"}, "arn:s"),
        ({"Fn::Sub": "${Tickets}/${Tickets.Arn}/${AWS::Partition}"}, {"Tickets"}, "tickets-1/arn:t/aws-cn"),
        ({"Fn::Sub": "${!Tickets} costs $5"}, set(), "${Tickets} costs $5"),
        ({"Fn::Sub": ["${x}-${ Tickets }", {"x": {"Ref": "Tickets"}}]}, {"Tickets"}, "tickets-1-tickets-1"),
        ({"Fn::Sub": ["${x}", {"x": 5}]}, set(), "5"),
        ({"Ref": "AWS::AccountId"}, set(), "123456789012"),
        ({"Ref": "Later"}, {"Later"}, {"Ref": "Later"}),
        ({"Fn::Sub": "${Later.Arn}/${Tickets}"}, {"Later", "Tickets"}, {"Fn::Sub": "${Later.Arn}/${Tickets}"}),
        ([{"a": {"Ref": "Tickets"}}, 1, None], {"Tickets"}, [{"a": "tickets-1"}, 1, None]),
        ({"Ref": "a", "Fn::Sub": "b"}, set(), {"Ref": "a", "Fn::Sub": "b"}),
        ({"Fn": {"Ref": "Tickets"}}, {"Tickets"}, {"Fn": "tickets-1"}),
        ({"Fn::Select": [1, ["a", {"Ref": "Tickets"}]]}, {"Tickets"}, "tickets-1"),
        ({"Fn::Select": ["0", [{"Ref": "Later"}]]}, {"Later"}, {"Fn::Select": ["0", [{"Ref": "Later"}]]}),
        ({"Fn::Cidr": ["10.0.0.0/16", "2", 8]}, set(), ["10.0.0.0/24", "10.0.1.0/24"]),
        ({"Fn::Cidr": ["2001:db8::/56", 1, 64]}, set(), ["2001:db8::/64"]),
        ({"Fn::Select": [1, {"Fn::Cidr": [{"Fn::GetAtt": ["Net", "CidrBlock"]}, 2, 4]}]}, {"Net"}, "10.9.0.16/28"),
    ],
)
def test_references_and_what_they_become(value: Any, names: set[str], becomes: Any) -> None:
    assert references(value) == names
    assert resolve(value, LOOKUP) == becomes
    assert has_unknown(resolve(value, LOOKUP)) == ("Later" in names)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"Fn::Join": ["", []]}, "Fn::Join is not supported"),
        ({"Ref": ["Tickets"]}, "Ref is malformed"),
        ({"Fn::GetAtt": "Tickets"}, "Fn::GetAtt is malformed"),
        ({"Fn::GetAtt": ["Tickets"]}, "Fn::GetAtt is malformed"),
        ({"Fn::Sub": {"a": 1}}, "Fn::Sub is malformed"),
        ({"Fn::Select": [1]}, "Fn::Select is malformed"),
        ({"Fn::Cidr": "10.0.0.0/16"}, "Fn::Cidr is malformed"),
    ],
)
def test_wrong_intrinsics_are_refused(value: Any, words: str) -> None:
    with pytest.raises(Refused, match=words):
        references([value])


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"Ref": "Ticket"}, r"there is no resource Ticket \(did you mean Tickets\?\)"),
        ({"Fn::GetAtt": "Tickets.Arm"}, r"there is no attribute Arm of Tickets \(did you mean Arn\?\)"),
        ({"Ref": "AWS::StackName"}, "there is no pseudo parameter AWS::StackName"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(value: Any, words: str) -> None:
    with pytest.raises(UnknownReference, match=words):
        resolve(value, LOOKUP)


@pytest.mark.parametrize(
    "value",
    [
        {"Fn::Select": [2, ["a", "b"]]},
        {"Fn::Select": [-1, ["a", "b"]]},
        {"Fn::Select": [0, "ab"]},
        {"Fn::Cidr": ["10.0.0.0/16", 0, 8]},
        {"Fn::Cidr": ["10.0.0.0/24", 2, 8]},
        {"Fn::Cidr": ["10.0.0.0/24", 1, 12]},
        {"Fn::Cidr": ["10.0.0.0/8", 257, 8]},
        {"Fn::Cidr": ["10.0.0.1/16", 1, 8]},
        {"Fn::Cidr": ["10.0.0.0/16", 1, "few"]},
        {"Fn::Cidr": ["10.0.0.0/16", None, 8]},
    ],
)
def test_what_cannot_be_worked_out_is_refused(value: Any) -> None:
    with pytest.raises(Refused, match="Fn::"):
        resolve(value, LOOKUP)


def test_references_can_be_read_in_sentences() -> None:
    assert shown({"Ref": "Tickets"}) == "${Tickets}"
    assert shown({"Fn::GetAtt": ["Tickets", "Arn"]}) == "${Tickets.Arn}"
    assert shown({"Fn::Sub": "${Tickets.Arn}/*"}) == "${Tickets.Arn}/*"
    assert shown({"Fn::Sub": ["${x}/*", {"x": 1}]}) == "${x}/*"
    assert shown({"Fn::Select": [0, {"Fn::Cidr": [{"Fn::GetAtt": ["Net", "CidrBlock"]}, 8, 5]}]}) == (
        "Fn::Select(${Net.CidrBlock})"
    )


def test_partitions_and_near_names() -> None:
    assert [partition(region) for region in ("us-east-1", "us-gov-west-1")] == ["aws", "aws-us-gov"]
    assert nearest("x", {}) == ""
