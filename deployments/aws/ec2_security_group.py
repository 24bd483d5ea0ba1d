"""AWS::EC2::SecurityGroup: who may talk to whom in a VPC."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from deployments.aws.calls import Refusal
from deployments.aws.ec2_tagged import TAGGING, Ec2Provisioner
from deployments.aws.provisioner import picked
from deployments.engine.canonical import dumps
from deployments.engine.kinds import Kind, any_differs
from deployments.engine.ports import Live, Made, Target

_FIXED = ("GroupDescription", "GroupName", "VpcId")
_RULES = {"SecurityGroupIngress": "ingress", "SecurityGroupEgress": "egress"}
_EVERYTHING_OUT = {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}
"""What EC2 allows a group that says nothing about its egress."""


def _normalise(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    normal = dict(properties)
    for name in _RULES:
        if isinstance(normal.get(name), list):
            normal[name] = [
                {key: str(value) if key == "IpProtocol" else value for key, value in rule.items()}
                if isinstance(rule, Mapping)
                else rule
                for rule in normal[name]
            ]
    return normal


class Ec2SecurityGroup(Ec2Provisioner):
    """Physical id: the group's id."""

    noun, describe, entries, id_name = "security-group", "describe_security_groups", "SecurityGroups", "GroupId"
    remove, absent = "delete_security_group", ("InvalidGroup.NotFound", "InvalidGroupId.NotFound")
    supported = frozenset({*_FIXED, *_RULES})
    kind = Kind(
        type="AWS::EC2::SecurityGroup",
        label="Security group",
        immutable=frozenset(_FIXED),
        side_by_side=any_differs("VpcId", "GroupName"),
        unordered=frozenset(_RULES),
        defaults={"SecurityGroupIngress": [], "SecurityGroupEgress": [_EVERYTHING_OUT]},
        normalise=_normalise,
        permissions=(
            *TAGGING,
            "ec2:AuthorizeSecurityGroupEgress",
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:CreateSecurityGroup",
            "ec2:DeleteSecurityGroup",
            "ec2:DescribeSecurityGroups",
            "ec2:RevokeSecurityGroupEgress",
            "ec2:RevokeSecurityGroupIngress",
        ),
    )

    def properties_of(self, entry: Mapping[str, Any], recorded: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "GroupDescription": entry["Description"],
            "GroupName": entry["GroupName"],
            "VpcId": entry["VpcId"],
            "SecurityGroupIngress": list(_rules(entry.get("IpPermissions", ()), "Source")),
            "SecurityGroupEgress": list(_rules(entry.get("IpPermissionsEgress", ()), "Destination")),
        }

    def attributes_of(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        return {"GroupId": entry["GroupId"], "Id": entry["GroupId"], "VpcId": entry["VpcId"]}

    def make(self, target: Target) -> Made | Refusal:
        wanted = target.properties
        answer = self.aws.attempt(
            "ec2",
            "create_security_group",
            ("InvalidGroup.Duplicate",),
            Description=wanted["GroupDescription"],
            TagSpecifications=self.specification(target),
            **picked(wanted, "GroupName", "VpcId"),
        )
        if isinstance(answer, Refusal):
            return answer
        group_id = answer["GroupId"]
        fresh = Live(group_id, {**wanted, **self.kind.defaults})
        self.aws.together(*self.changes(target, fresh, self.changed(target, fresh)))
        return Made(group_id, {"GroupId": group_id, "Id": group_id, "VpcId": wanted["VpcId"]})

    def changes(self, target: Target, live: Live, changed: frozenset[str]) -> list[Callable[[], Any]]:
        calls: list[Callable[[], Any]] = []
        for name, direction in _RULES.items():
            if name in changed:
                wanted = self.kind.normalise(target.properties).get(name, self.kind.defaults[name])
                before = {dumps(rule): rule for rule in live.properties.get(name, ())}
                after = {dumps(rule): rule for rule in wanted}
                add = [after[key] for key in sorted(after.keys() - before.keys())]
                drop = [before[key] for key in sorted(before.keys() - after.keys())]
                calls += [partial(self._write, "authorize", direction, live.physical_id, add)] if add else []
                calls += [partial(self._write, "revoke", direction, live.physical_id, drop)] if drop else []
        return calls

    def _write(self, verb: str, direction: str, group_id: str, rules: list[dict[str, Any]]) -> None:
        # A rule that is there (or gone) already is what an interrupted attempt has done.
        self.aws.look(
            "ec2",
            f"{verb}_security_group_{direction}",
            ("InvalidPermission.Duplicate", "InvalidPermission.NotFound"),
            GroupId=group_id,
            IpPermissions=[_permission(rule) for rule in rules],
        )


def _rules(permissions: Any, peer: str) -> Iterator[dict[str, Any]]:
    """EC2's permissions, one rule for each peer, as CloudFormation spells them."""
    for permission in permissions:
        head = {
            key: permission[key]
            for key in ("IpProtocol", "FromPort", "ToPort")
            if key in permission and not (key != "IpProtocol" and permission["IpProtocol"] == "-1")
        }
        for spans, key, name in (
            ("IpRanges", "CidrIp", "CidrIp"),
            ("Ipv6Ranges", "CidrIpv6", "CidrIpv6"),
            ("UserIdGroupPairs", "GroupId", f"{peer}SecurityGroupId"),
            ("PrefixListIds", "PrefixListId", f"{peer}PrefixListId"),
        ):
            for entry in permission.get(spans, ()):
                described = {"Description": entry["Description"]} if entry.get("Description") else {}
                yield {**head, name: entry[key], **described}


def _permission(rule: Mapping[str, Any]) -> dict[str, Any]:
    """A rule as EC2 takes it."""
    described = picked(rule, "Description")
    permission: dict[str, Any] = picked(rule, "IpProtocol", "FromPort", "ToPort")
    for name, value in rule.items():
        match name:
            case "CidrIp":
                permission["IpRanges"] = [{"CidrIp": value, **described}]
            case "CidrIpv6":
                permission["Ipv6Ranges"] = [{"CidrIpv6": value, **described}]
            case "SourceSecurityGroupId" | "DestinationSecurityGroupId":
                permission["UserIdGroupPairs"] = [{"GroupId": value, **described}]
            case "SourcePrefixListId" | "DestinationPrefixListId":
                permission["PrefixListIds"] = [{"PrefixListId": value, **described}]
    return permission
