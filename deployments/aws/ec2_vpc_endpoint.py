"""AWS::EC2::VPCEndpoint: an AWS service inside a VPC, through route tables (gateway) or subnets (interface)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from deployments.aws.calls import Answer
from deployments.aws.ec2_tagged import TAGGING, Ec2Provisioner
from deployments.aws.provisioner import picked
from deployments.engine.canonical import dumps
from deployments.engine.errors import Category, CloudError
from deployments.engine.kinds import Kind, any_differs
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

SETTLED_SECONDS = 600
_FIXED = ("ServiceName", "VpcEndpointType", "VpcId")
_LISTS = {"RouteTableIds": "RouteTableIds", "SecurityGroupIds": "SecurityGroupIds", "SubnetIds": "SubnetIds"}
_MONTHLY_USD_PER_ZONE = 730 * 0.01


def _normalise(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    normal = dict(properties)
    if isinstance(normal.get("PolicyDocument"), str):
        normal["PolicyDocument"] = json.loads(normal["PolicyDocument"])
    return normal


def _monthly_usd(properties: Mapping[str, Any]) -> float:
    if properties.get("VpcEndpointType") != "Interface":
        return 0.0
    return _MONTHLY_USD_PER_ZONE * len(properties.get("SubnetIds") or ())


class Ec2VpcEndpoint(Ec2Provisioner):
    """Physical id: the endpoint's."""

    noun, describe, entries, id_name = "vpc-endpoint", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"
    remove, absent = "delete_vpc_endpoints", ("InvalidVpcEndpointId.NotFound", "InvalidVpcEndpoint.NotFound")
    dead = frozenset({"deleted", "Deleted", "deleting", "Deleting", "failed", "Failed"})
    supported = frozenset({*_FIXED, *_LISTS, "PolicyDocument", "PrivateDnsEnabled"})
    kind = Kind(
        type="AWS::EC2::VPCEndpoint",
        label="VPC endpoint",
        immutable=frozenset(_FIXED),
        side_by_side=any_differs("VpcId", "ServiceName"),
        policies=frozenset({"PolicyDocument"}),
        unordered=frozenset(_LISTS),
        defaults={
            "VpcEndpointType": "Gateway",
            "PrivateDnsEnabled": False,
            "RouteTableIds": [],
            "SecurityGroupIds": [],
            "SubnetIds": [],
        },
        normalise=_normalise,
        fixed_monthly_usd=_monthly_usd,
        permissions=(
            *TAGGING,
            "ec2:CreateVpcEndpoint",
            "ec2:DeleteVpcEndpoints",
            "ec2:DescribeVpcEndpoints",
            "ec2:ModifyVpcEndpoint",
        ),
    )

    def properties_of(self, entry: Mapping[str, Any], recorded: Mapping[str, Any]) -> dict[str, Any]:
        found = picked(entry, *_FIXED, "RouteTableIds", "SubnetIds", "PrivateDnsEnabled")
        found["SecurityGroupIds"] = [group["GroupId"] for group in entry.get("Groups", ())]
        # Without one of its own an endpoint reports the policy that allows everything.
        if "PolicyDocument" in recorded and entry.get("PolicyDocument"):
            found["PolicyDocument"] = entry["PolicyDocument"]
        return found

    def attributes_of(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        return {"Id": entry["VpcEndpointId"]}

    def make(self, target: Target) -> Made:
        wanted = dict(target.properties)
        if "PolicyDocument" in wanted:
            wanted["PolicyDocument"] = _text(wanted["PolicyDocument"])
        answer = self.aws.call(
            "ec2",
            "create_vpc_endpoint",
            ClientToken=target.token,
            TagSpecifications=self.specification(target),
            **picked(wanted, *sorted(self.supported)),
        )
        endpoint = answer["VpcEndpoint"]
        if str(endpoint.get("State")).lower() != "available":
            self.settle(endpoint["VpcEndpointId"])
        return Made(endpoint["VpcEndpointId"], self.attributes_of(endpoint))

    def changes(self, target: Target, live: Live, changed: frozenset[str]) -> list[Callable[[], Any]]:
        parameters: dict[str, Any] = {}
        for name, word in _LISTS.items():
            if name in changed:
                before = set(live.properties.get(name) or ())
                after = set(target.properties.get(name) or ())
                parameters |= {
                    f"{verb}{word}": sorted(ids)
                    for verb, ids in (("Add", after - before), ("Remove", before - after))
                    if ids
                }
        if "PrivateDnsEnabled" in changed:
            parameters["PrivateDnsEnabled"] = bool(target.properties.get("PrivateDnsEnabled"))
        if "PolicyDocument" in changed:
            policy = target.properties.get("PolicyDocument")
            parameters |= {"ResetPolicy": True} if policy is None else {"PolicyDocument": _text(policy)}
        if not parameters:
            return []
        return [lambda: self.aws.call("ec2", "modify_vpc_endpoint", VpcEndpointId=live.physical_id, **parameters)]

    def delete(self, recorded: StateResource) -> None:
        physical_id = recorded.physical_id
        answer = self.aws.look("ec2", self.remove, self.absent, VpcEndpointIds=[physical_id])
        # EC2 reports its refusals inside a successful answer.
        errors = [entry["Error"] for entry in (answer or {}).get("Unsuccessful", ())]
        for error in errors:
            if error["Code"] not in self.absent:
                raise self._failed("DeleteVpcEndpoints", error["Code"], error["Message"])
        if answer is not None and not errors:
            # Its network interfaces keep subnets and groups in use until it is really gone.
            self.aws.wait(
                lambda: self._described(physical_id) is None,
                what=f"Deletion of VPC endpoint {physical_id}",
                seconds=SETTLED_SECONDS,
            )

    def settle(self, physical_id: str) -> None:
        def available() -> bool:
            endpoint = self._described(physical_id) or {}
            state = str(endpoint.get("State")).lower()
            if state in ("failed", "rejected", "expired"):
                reason = endpoint.get("LastError", {})
                message = reason.get("Message", f"VPC endpoint {physical_id} is {state}.")
                raise self._failed("CreateVpcEndpoint", reason.get("Code", state), message)
            return state == "available"

        self.aws.wait(available, what=f"VPC endpoint {physical_id} becoming available", seconds=SETTLED_SECONDS)

    def _failed(self, operation: str, code: str, message: str) -> CloudError:
        return CloudError(
            message,
            service="ec2",
            operation=operation,
            code=code,
            category=Category.INVALID,
            advice="Correct what the message names, then run the deployment again.",
        )

    def _described(self, physical_id: str) -> Answer | None:
        answer = self.aws.look("ec2", self.describe, self.absent, VpcEndpointIds=[physical_id])
        return next((entry for entry in (answer or {}).get("VpcEndpoints", ()) if not _is_deleted(entry)), None)


def _is_deleted(entry: Mapping[str, Any]) -> bool:
    return str(entry.get("State")).lower() == "deleted"


def _text(document: Any) -> str:
    return document if isinstance(document, str) else dumps(document)
