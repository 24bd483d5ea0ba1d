"""What became of resources: in one place, between two, with noise and without."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from deployments.aws.registry import KINDS
from deployments.comparing.resources import Pair, compare_resources
from tests.comparing.sides import DEV, PROD, deployed, entry, policy, side


def changes(before: dict[str, Any], after: dict[str, Any], **options: Any) -> dict[str, str]:
    found = compare_resources(side(resources=before), side(number=2, resources=after), KINDS, **options)
    return {row.logical_id: row.change for row in found.rows}


def lines(before: dict[str, Any], after: dict[str, Any], **options: Any) -> list[str]:
    found = compare_resources(side(resources=before), side(number=2, resources=after), KINDS, **options)
    return [f"{row.logical_id}: {line}" for row in found.rows for line in row.properties]


def queue(number: int = 1, **properties: Any) -> dict[str, Any]:
    return entry("AWS::SQS::Queue", f"https://sqs/queue-{number}", **properties)


def test_a_resource_says_what_became_of_it_and_backwards_the_opposite() -> None:
    before = {"A": queue(DelaySeconds=1), "B": queue(1), "C": queue(), "D": queue(DelaySeconds=3), "E": queue()}
    after = {"A": queue(DelaySeconds=2), "B": queue(2), "N": queue(), "D": queue(DelaySeconds=3), "E": queue()}
    after["E"] = after["E"] | {"stack": "other"}
    there = {"A": "updated", "B": "replaced", "E": "updated"}
    assert changes(before, after) == there | {"C": "deleted", "N": "created"}
    assert changes(after, before) == there | {"C": "created", "N": "deleted"}
    assert lines(before, after) == ["A: DelaySeconds  1 -> 2", "E: (stack)  shared-infrastructure -> other"]
    other = {"A": entry("AWS::SNS::Topic", "https://sqs/queue-1", DelaySeconds=1)}
    assert changes({"A": before["A"]}, other) == {"A": "replaced"}


def test_tags_of_every_deployment_are_noise_and_others_are_not() -> None:
    before = {"A": queue() | {"tags": {"strands:version": "1", "team": "a"}}}
    after = {"A": queue() | {"tags": {"strands:version": "2", "team": "b"}}}
    assert lines(before, after) == ["A: Tags.team  a -> b"]
    assert sorted(lines(before, after, noise=True)) == ["A: Tags.strands:version  1 -> 2", "A: Tags.team  a -> b"]


def test_the_order_of_sets_and_how_a_policy_is_written_are_noise() -> None:
    def role(document: Any) -> dict[str, Any]:
        return {"R": entry("AWS::IAM::Role", "role", Policies=[{"PolicyName": "p", "PolicyDocument": document}])}

    before = role(policy((["s3:GetObject", "s3:PutObject"], "arn:a"), ("sqs:SendMessage", ["arn:b", "arn:c"])))
    after = role(policy((["sqs:SendMessage"], ["arn:c", "arn:b"]), (["s3:PutObject", "s3:GetObject"], "arn:a")))
    assert changes(before, after) == {}
    assert changes(before, after, noise=True) == {"R": "updated"}
    found = compare_resources(side(resources=before), side(number=2, resources=after), KINDS)
    assert (found.equal, found.noisy) == (0, 1)
    wider = role(policy((["sqs:SendMessage"], ["arn:c", "arn:b"]), (["s3:GetObject", "s3:PutObject", "s3:x"], "arn:a")))
    assert lines(before, wider) == ["R: Policies.p.PolicyDocument.Statement[1].Action[2]  + s3:x"]
    assert changes({"A": queue(VisibilityTimeout=30)}, {"A": queue()}) == {}, "what AWS does by itself is no change"


def test_an_id_that_changed_is_told_where_it_is_and_not_where_it_is_used() -> None:
    before, after = deployed(DEV), deployed(DEV)
    after["Vpc"]["physicalId"] = after["Subnet"]["properties"]["VpcId"] = "vpc-0fedcba98"
    assert changes(before, after) == {"Vpc": "replaced"}
    assert changes(before, after, noise=True) == {"Vpc": "replaced", "Subnet": "updated"}


def test_between_two_environments_names_ids_and_places_are_noise() -> None:
    dev, prod = deployed(DEV), deployed(PROD)
    found = compare_resources(side(DEV, resources=dev), side(PROD, resources=prod), KINDS)
    assert (found.rows, found.equal, found.noisy) == ((), 0, len(dev))
    prod["Support"]["properties"]["MemorySize"] = 1024
    prod["Support"]["properties"]["Environment"]["Variables"]["LEVEL"] = "production"
    del prod["Vpc"]
    found = compare_resources(side(DEV, resources=dev), side(PROD, resources=prod), KINDS)
    assert {
        row.logical_id: [str(line) for line in row.properties] for row in found.rows if row.logical_id != "Vpc"
    } == {
        "Subnet": ["VpcId  ${Vpc} -> vpc-098765432"],
        "Support": ["MemorySize  512 -> 1024", "Environment.Variables.LEVEL  + production"],
    }
    shown = compare_resources(side(DEV, resources=dev), side(PROD, resources=prod), KINDS, noise=True)
    assert len(shown.rows) == len(dev)


def test_names_that_were_cut_to_fit_are_known_by_what_they_name() -> None:
    def groups(digest: str) -> dict[str, Any]:
        name = f"strands-a-very-long-pro-{digest}"
        return {
            "Traces": entry("AWS::XRay::Group", f"arn:aws:xray:x:1:group/{name}/ABC", GroupName=name),
            "Support": entry("AWS::Lambda::Function", "support-agent", Environment={"Variables": {"TRACES": name}}),
        }

    dev, prod = side(DEV, resources=groups("0a1b2c3d")), side(PROD, resources=groups("4e5f6a7b"))
    assert compare_resources(dev, prod, KINDS).rows == ()


def test_what_many_have_in_common_is_told_once_and_a_filter_keeps_what_fits() -> None:
    before = {f"Q{number}": queue(number) for number in range(5)} | {"Z": queue(9, DelaySeconds=1)}
    after = {name: each | {"tags": {"team": "new"}} for name, each in before.items() if name != "Z"}
    after |= {"Z": queue(9, DelaySeconds=2), "New": queue(10)}
    found = compare_resources(side(resources=before), side(number=2, resources=after), KINDS)
    assert found.counts == {"created": 1, "updated": 6, "replaced": 0, "deleted": 0}
    alike, rows = found.chosen("", "")
    assert [([row.logical_id for row in each.rows], list(map(str, each.properties))) for each in alike] == [
        (["Q0", "Q1", "Q2", "Q3", "Q4"], ['Tags  + {"team": "new"}'])
    ]
    assert [row.logical_id for row in rows] == ["New", "Z"]
    for change, text, ids in (
        ("created", "", ["New"]),
        ("", "delayseconds 2", ["Z"]),
        ("", "SQS z", ["Z"]),
        ("deleted", "", []),
        ("updated", "q3", ["Q3"]),
    ):
        alike, rows = found.chosen(change, text)
        assert ([row.logical_id for row in rows], alike) == (ids, [])


@given(st.sampled_from(sorted(deployed(DEV))), st.sampled_from(sorted(deployed(DEV))))
def test_a_side_compared_with_itself_says_nothing_whatever_is_left_out(one: str, other: str) -> None:
    resources = {name: each for name, each in deployed(DEV).items() if name not in (one, other)}
    for noise in (False, True):
        found = compare_resources(side(resources=resources), side(resources=resources), KINDS, noise=noise)
        assert (found.rows, found.equal, found.noisy) == ((), len(resources), 0)
    pair = Pair(side(resources=resources), side(PROD, resources=deployed(PROD)), KINDS, noise=False)
    for name, each in resources.items():
        was, now = pair.values(each, deployed(PROD)[name])
        assert was.keys() == now.keys()
