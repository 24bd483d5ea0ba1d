"""A plan in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployments.engine.plan import Action, Change, Reason
from deployments.plan_reading import row, shown

BLOCKS = "4 blocks of ${Vpc.CidrBlock} with 8 bits for hosts"


def test_a_replacement_says_which_of_the_two_comes_first() -> None:
    change = Change("shared", "Vpc", "AWS::EC2::VPC", Action.REPLACE, Reason.IMMUTABLE, replaced_as="Vpc.replaced")
    why = "a property changes that cannot be changed in place; "
    assert row(change).reason == (
        why + "the new one is created first, and the old one deleted when nothing uses it any more"
    )
    assert row(replace(change, replaced_as=None)).reason == (
        why + "the old one is deleted first, as both cannot exist at once"
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"Ref": "Jobs"}, "${Jobs}"),
        ({"Fn::GetAtt": ["Jobs", "Arn"]}, "${Jobs.Arn}"),
        ({"Fn::GetAtt": "Jobs.Arn"}, "${Jobs.Arn}"),
        ({"Fn::Sub": "${Bucket.Arn}/*"}, "${Bucket.Arn}/*"),
        ({"Fn::Sub": ["${Name}/*", {"Name": "x"}]}, "${Name}/*"),
        ({"Fn::Cidr": [{"Fn::GetAtt": ["Vpc", "CidrBlock"]}, 4, 8]}, BLOCKS),
        ({"Fn::Select": [1, {"Fn::Cidr": [{"Fn::GetAtt": ["Vpc", "CidrBlock"]}, "4", "8"]}]}, f"number 2 of {BLOCKS}"),
        ({"Fn::Select": ["0", {"Fn::GetAtt": ["Vpc", "Zones"]}]}, "number 1 of ${Vpc.Zones}"),
        ({"Fn::Select": [1, ["a", {"Ref": "Zone"}]]}, "${Zone}"),
        ([{"Ref": "A"}, {"Ref": "B"}], '[\n  "${A}",\n  "${B}"\n]'),
        ({"Ref": 1, "x": 2}, '{\n  "Ref": 1,\n  "x": 2\n}'),
    ],
)
def test_references_and_what_is_worked_out_of_them_are_words(value: object, words: str) -> None:
    assert shown(value) == words
