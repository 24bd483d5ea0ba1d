"""Refresh reads everything recorded as each kind's own `read` does, with few calls, or says what could not be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend

from deployments.aws.calls import Aws
from deployments.aws.refresh import read_all
from deployments.aws.registry import KINDS, PROVISIONERS, provisioners
from deployments.aws.tag_index import PERMISSION
from deployments.aws.tagged_apart import TaggedApart
from deployments.engine.errors import Category, CloudError, NotPlannable
from deployments.engine.plan import PlanKind
from deployments.engine.planner import Wanted, make_plan
from deployments.engine.ports import Provisioners
from deployments.engine.resources import Resource
from deployments.engine.state import State, StateResource
from tests.aws import cases
from tests.aws.conftest import ACCOUNT, REGION, ZIPS, Recording
from tests.engine.provisioner_contract import recorded, target

TOPIC, GROUP, ALARM, QUEUE = "AWS::SNS::Topic", "AWS::Logs::LogGroup", "AWS::CloudWatch::Alarm", "AWS::SQS::Queue"
PERMISSIONS = "AWS::Lambda::Permission"
TELLS_TAGS = {"ListTagsForResource", "ListQueueTags", "ListTagsOfResource"}


@pytest.fixture
def every(aws: Aws) -> Provisioners:
    return provisioners(aws, ZIPS.__getitem__)


def made(every: Provisioners, resource: Resource) -> StateResource:
    return recorded(resource, every[resource.type].create(target(resource)))


def named(type_name: str, count: int) -> list[Resource]:
    """So many of a kind, each with a name of its own."""
    first, name = cases.wanted(type_name), str(KINDS[type_name].name_property)
    return [
        replace(
            first,
            logical_id=f"{type_name.rpartition(':')[2]}{number}",
            properties={**first.properties, name: f"{first.properties[name]}-{number}"},
        )
        for number in range(count)
    ]


def operations(listener: Recording) -> Counter[str]:
    """Calls since the last time, by operation."""
    calls = Counter(call.operation for call in listener.calls)
    listener.calls.clear()
    return calls


@pytest.mark.parametrize("tags_at_source", [False, True], ids=["index", "source"])
@pytest.mark.parametrize("type_name", sorted(set(KINDS) & set(cases.WANTED)))
def test_many_are_read_as_each_alone(
    aws: Aws, listener: Recording, every: Provisioners, type_name: str, tags_at_source: bool
) -> None:
    case = cases.case(aws, listener, type_name)
    entry = recorded(case.wanted, case.provisioner.create(target(case.wanted)))
    other = "1" if entry.physical_id.endswith("0") else "0"
    gone = replace(entry, logical_id="Gone", physical_id=entry.physical_id[:-1] + other)
    alone = {each.logical_id: case.provisioner.read(each.physical_id, each.properties) for each in (entry, gone)}
    assert alone["Subject"] is not None
    assert read_all([entry, gone], every, tags_at_source=tags_at_source) == alone
    assert read_all([entry], every, tags_at_source=tags_at_source) == {"Subject": alone["Subject"]}


def test_what_is_there_and_what_is_gone_in_order(every: Provisioners) -> None:
    types = (TOPIC, GROUP, "AWS::S3::Bucket")
    entries = [made(every, replace(cases.wanted(type_name), logical_id=type_name)) for type_name in types]
    every[TOPIC].delete(entries[0])
    live = read_all(entries, every)
    assert list(live) == list(types)
    assert live[TOPIC] is None
    assert live[GROUP] is not None and live["AWS::S3::Bucket"] is not None


def test_one_call_describes_many_and_one_tells_their_tags(every: Provisioners, listener: Recording) -> None:
    entries = [made(every, resource) for resource in (*named(ALARM, 3), *named(GROUP, 3))]
    operations(listener)
    live = read_all(entries, every)
    assert all(now is not None and now.tags == entry.tags for now, entry in zip(live.values(), entries, strict=True))
    assert operations(listener) == {"DescribeAlarms": 1, "DescribeLogGroups": 1, "GetResources": 1}


def test_permissions_of_one_function_are_one_call(aws: Aws, every: Provisioners, listener: Recording) -> None:
    cases.around(aws, PERMISSIONS)
    first = cases.wanted(PERMISSIONS)
    entries = [made(every, replace(first, logical_id=name)) for name in ("One", "Two", "Three")]
    operations(listener)
    assert all(read_all(entries, every).values())
    assert operations(listener) == {"GetPolicy": 1}


def test_tags_that_the_index_does_not_confirm_come_from_the_service(
    aws: Aws, every: Provisioners, listener: Recording
) -> None:
    """A tag changed outside, or written by the run before and not in the index yet."""
    entries = [made(every, resource) for resource in named(ALARM, 3)]
    arn = every[ALARM].arn_of(entries[1].physical_id)  # type: ignore[attr-defined]
    aws.call("cloudwatch", "tag_resource", ResourceARN=arn, Tags=[{"Key": "team", "Value": "others"}])
    operations(listener)
    live = read_all(entries, every)
    assert live[entries[1].logical_id].tags["team"] == "others"  # type: ignore[union-attr]
    assert operations(listener) == {"DescribeAlarms": 1, "GetResources": 1, "ListTagsForResource": 1}


def test_who_is_about_to_write_does_not_ask_the_index(
    every: Provisioners, listener: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [made(every, resource) for resource in named(ALARM, 2)]
    monkeypatch.setattr(ResourceGroupsTaggingAPIBackend, "get_resources", None)
    operations(listener)
    assert all(read_all(entries, every, tags_at_source=True).values())
    assert operations(listener) == {"DescribeAlarms": 1, "ListTagsForResource": 2}


def test_without_permission_for_the_index_each_service_is_asked(
    aws: Aws, every: Provisioners, listener: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [made(every, resource) for resource in named(ALARM, 2)]
    refuse(monkeypatch, aws, "call", "get_resources")
    live = read_all(entries, every)
    assert [now and now.tags for now in live.values()] == [entry.tags for entry in entries]
    assert any("one by one" in words for _, words in listener.logs)
    assert all(PERMISSION in kind.kind.permissions for kind in PROVISIONERS.values() if issubclass(kind, TaggedApart))


def test_a_batch_that_fails_is_read_one_by_one(
    aws: Aws, every: Provisioners, listener: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [made(every, resource) for resource in named(GROUP, 3)]
    refuse(monkeypatch, aws, "call", "describe_log_groups", when=lambda asked: "logGroupIdentifiers" in asked)
    operations(listener)
    assert all(read_all(entries, every).values())
    assert operations(listener)["DescribeLogGroups"] == 3


@pytest.mark.parametrize(
    ("type_name", "door", "method"),
    [
        (TOPIC, "look", "get_topic_attributes"),
        (TOPIC, "look", "list_tags_for_resource"),
        (GROUP, "call", "describe_log_groups"),
    ],
)
def test_an_unreadable_resource_is_named(
    aws: Aws, every: Provisioners, monkeypatch: pytest.MonkeyPatch, type_name: str, door: str, method: str
) -> None:
    entries = [made(every, resource) for resource in named(type_name, 2)]
    refuse(monkeypatch, aws, door, method)
    with pytest.raises(NotPlannable, match=rf"\w+0 \({type_name}\) could not be read. Not allowed."):
        read_all(entries, every, tags_at_source=True)


def test_a_type_without_a_provisioner_is_named(every: Provisioners) -> None:
    entry = made(every, cases.wanted(TOPIC))
    with pytest.raises(NotPlannable, match="Subject is of type AWS::Nothing::AtAll"):
        read_all([replace(entry, type="AWS::Nothing::AtAll")], every)


def test_a_plan_of_a_thousand_unchanged_resources_reads_little_and_writes_nothing(
    every: Provisioners, listener: Recording
) -> None:
    wanted = [*named(ALARM, 400), *named(GROUP, 400), *named(TOPIC, 150), *named(QUEUE, 50)]
    wanted = [replace(one, properties=_without_dead_letters(one.properties)) for one in wanted]
    entries = [recorded(one, every[one.type].make(target(one))) for one in wanted]  # type: ignore[attr-defined]
    operations(listener)
    state = State(1, "lineage", "dev", REGION, ACCOUNT).with_resources(entries)
    live = read_all(state.resources.values(), every)
    plan = make_plan(
        Wanted(kind=PlanKind.DEPLOY, project="support-desk", resources=tuple(wanted)),
        state=state,
        live=live,
        kinds=KINDS,
    )
    assert plan.is_empty and len(plan.changes) == 1000
    assert not listener.writes()
    assert operations(listener) == {
        "DescribeAlarms": 4,  # 100 names each
        "DescribeLogGroups": 8,  # 50 names each
        "GetTopicAttributes": 150,
        "GetQueueAttributes": 50,
        "GetResources": 10,  # the tags of all, 100 ARNs each
    }


def _without_dead_letters(properties: Any) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name != "RedrivePolicy"}


def refuse(
    monkeypatch: pytest.MonkeyPatch, aws: Aws, door: str, method: str, when: Callable[[Any], bool] = lambda asked: True
) -> None:
    """Makes one method of AWS answer that it is not allowed."""
    original = getattr(aws, door)

    def refused(service: str, asked: str, *args: Any, **parameters: Any) -> Any:
        if asked == method and when(parameters):
            raise CloudError("Not allowed.", service=service, operation=method, code="Denied", category=Category.DENIED)
        return original(service, asked, *args, **parameters)

    monkeypatch.setattr(aws, door, refused)
