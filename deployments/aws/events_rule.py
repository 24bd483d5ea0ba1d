"""AWS::Events::Rule: a schedule or an event pattern with its targets."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from deployments.aws import tags
from deployments.aws.calls import Answer
from deployments.aws.provisioner import in_order, picked
from deployments.aws.tagged_apart import TaggedApart
from deployments.engine.canonical import dumps
from deployments.engine.errors import Category, CloudError
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_ABSENT = ("ResourceNotFoundException",)
_RULE = ("Name", "EventBusName", "ScheduleExpression", "EventPattern", "State", "Description", "RoleArn")


def _normalise(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    normal = dict(properties)
    if isinstance(normal.get("EventPattern"), str):
        normal["EventPattern"] = json.loads(normal["EventPattern"])
    return normal


class EventsRule(TaggedApart):
    """Physical id: the rule's name, or `bus|name` on a bus other than the default one, as in CloudFormation."""

    service = "events"
    supported = frozenset(_RULE) | {"Targets"}
    # PutRule overwrites.
    looks_first = True
    kind = Kind(
        type="AWS::Events::Rule",
        label="event rule",
        immutable=frozenset({"Name", "EventBusName"}),
        name_property="Name",
        unordered=frozenset({"Targets"}),
        defaults={"EventBusName": "default", "State": "ENABLED", "Description": "", "Targets": []},
        normalise=_normalise,
        permissions=(
            "events:DeleteRule",
            "events:DescribeRule",
            "events:ListTagsForResource",
            "events:ListTargetsByRule",
            "events:PutRule",
            "events:PutTargets",
            "events:RemoveTargets",
            "events:TagResource",
            "events:UntagResource",
            "tag:GetResources",
        ),
    )

    def locate(self, target: Target) -> str:
        bus, name = target.properties.get("EventBusName", "default"), target.properties["Name"]
        return str(name) if bus == "default" else f"{bus}|{name}"

    def describe(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        bus, name = _parts(physical_id)
        rule, targets = self.aws.together(lambda: self._rule(physical_id), lambda: self._targets(bus, name))
        if rule is None:
            return None
        live = {**self.kind.defaults, **picked(rule, *_RULE), "EventBusName": bus, "Targets": targets}
        return Live(physical_id, live, {"Arn": self.arn_of(physical_id)})

    def find(self, target: Target) -> Live | None:
        # Before a creation there usually is none, and so no targets and tags to ask for.
        return None if self._rule(self.locate(target)) is None else super().find(target)

    def tags_of(self, physical_id: str) -> dict[str, str]:
        answer = self.aws.look("events", "list_tags_for_resource", _ABSENT, ResourceARN=self.arn_of(physical_id))
        return tags.from_list((answer or {}).get("Tags"))

    def arn_of(self, physical_id: str) -> str:
        bus, name = _parts(physical_id)
        return self.aws.arn("events", f"rule/{name}" if bus == "default" else f"rule/{bus}/{name}")

    def make(self, target: Target) -> Made:
        answer = self._put_rule(target, Tags=tags.to_list(target.tags))
        self._put_targets(target, target.properties.get("Targets", []))
        return Made(self.locate(target), {"Arn": answer["RuleArn"]})

    def update(self, target: Target, live: Live) -> Made:
        changed, arn = self.changed(target, live), live.attributes["Arn"]
        calls: list[Callable[[], Any]] = []
        if changed & frozenset(_RULE):
            calls.append(lambda: self._put_rule(target))
        if "Targets" in changed:
            before, after = live.properties.get("Targets", []), target.properties.get("Targets", [])
            ids = {entry["Id"] for entry in after}
            gone = sorted(entry["Id"] for entry in before if entry["Id"] not in ids)
            calls.append(lambda: self._put_targets(target, [entry for entry in after if entry not in before]))
            calls.append(lambda: self._remove_targets(*_parts(live.physical_id), gone))
        calls += self._retag(
            target,
            live,
            lambda put: self.aws.call("events", "tag_resource", ResourceARN=arn, Tags=tags.to_list(put)),
            lambda keys: self.aws.call("events", "untag_resource", ResourceARN=arn, TagKeys=keys),
        )
        self.aws.together(*calls)
        return Made(live.physical_id, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        bus, name = _parts(recorded.physical_id)
        # A rule is deleted only without targets.
        self._remove_targets(bus, name, [entry["Id"] for entry in self._targets(bus, name)])
        self.aws.look("events", "delete_rule", _ABSENT, Name=name, EventBusName=bus)

    def _rule(self, physical_id: str) -> Answer | None:
        bus, name = _parts(physical_id)
        return self.aws.look("events", "describe_rule", _ABSENT, Name=name, EventBusName=bus)

    def _targets(self, bus: str, name: str) -> list[Any]:
        found = self.aws.pages("events", "list_targets_by_rule", "Targets", absent=_ABSENT, Rule=name, EventBusName=bus)
        return found or []

    def _put_rule(self, target: Target, **extra: Any) -> Answer:
        parameters = picked(target.properties, *_RULE)
        if isinstance(parameters.get("EventPattern"), Mapping):
            parameters["EventPattern"] = dumps(parameters["EventPattern"])
        return self.aws.call("events", "put_rule", **parameters, **extra)

    def _put_targets(self, target: Target, entries: list[Any]) -> None:
        if entries:
            bus, name = _parts(self.locate(target))
            answer = self.aws.call(
                "events", "put_targets", Rule=name, EventBusName=bus, Targets=in_order(list(entries))
            )
            _refuse_failed(answer, name, "PutTargets")

    def _remove_targets(self, bus: str, name: str, ids: list[str]) -> None:
        if ids:
            answer = self.aws.look("events", "remove_targets", _ABSENT, Rule=name, EventBusName=bus, Ids=ids)
            _refuse_failed(answer or {}, name, "RemoveTargets")


def _parts(physical_id: str) -> tuple[str, str]:
    bus, _, name = physical_id.rpartition("|")
    return bus or "default", name


def _refuse_failed(answer: Mapping[str, Any], rule: str, operation: str) -> None:
    """These calls answer with success and a list of what failed."""
    if answer.get("FailedEntryCount"):
        failed = answer["FailedEntries"][0]
        raise CloudError(
            f"Target {failed.get('TargetId')} of rule {rule}: {failed.get('ErrorMessage', 'refused')}",
            service="events",
            operation=operation,
            code=failed.get("ErrorCode", "Unknown"),
            category=Category.INVALID,
            advice="Correct the rule's targets in the configuration.",
        )
