"""Lambda in a VPC: subnets and groups must exist, and functions hold them by network interfaces for a while longer.

As in AWS functions with the same subnet and groups share an interface, and Lambda removes it some time after the last
function that needs it: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.ec2.models import ec2_backends
from moto.ec2.utils import random_private_ip

from strandsweb.sandbox import determinism
from strandsweb.sandbox.amendments.eventual import SETTLE_SECONDS, at_the_end

_Place = tuple[str, tuple[str, ...]]
"""A subnet and the security groups there."""


def install() -> None:
    at_the_end(_remove_unused)
    LambdaFunction.vpc_config = property(_vpc_config)  # type: ignore[assignment]
    original = LambdaBackend.create_function

    def create_function(self: LambdaBackend, spec: dict[str, Any]) -> LambdaFunction:
        _check(self, spec.get("VpcConfig"))
        return original(self, spec)

    LambdaBackend.create_function = create_function  # type: ignore[method-assign]
    update = LambdaBackend.update_function_configuration

    def update_function_configuration(self: LambdaBackend, function_name: str, qualifier: str, body: Any) -> Any:
        _check(self, body.get("VpcConfig"))
        return update(self, function_name, qualifier, body)

    LambdaBackend.update_function_configuration = update_function_configuration  # type: ignore[method-assign]
    for name in ("create_function", "update_function_configuration", "delete_function"):
        setattr(LambdaBackend, name, _followed_by_sync(getattr(LambdaBackend, name)))


def _vpc_config(function: Any) -> dict[str, Any] | None:
    config = function._vpc_config or {}
    if not config.get("SubnetIds"):
        return None
    subnet = ec2_backends[function.account_id][function.region].get_subnet(config["SubnetIds"][0])
    return {"Ipv6AllowedForDualStack": False, **config, "VpcId": subnet.vpc_id}


def _check(functions: Any, config: dict[str, Any] | None) -> None:
    ec2 = ec2_backends[functions.account_id][functions.region_name]
    subnets = {subnet.id for subnet in ec2.describe_subnets()}
    groups = {group.id for group in ec2.describe_security_groups()}
    for key, known, operation, code, noun in (
        ("SubnetIds", subnets, "DescribeSubnets", "InvalidSubnetID.NotFound", "subnet ID"),
        ("SecurityGroupIds", groups, "DescribeSecurityGroups", "InvalidGroup.NotFound", "security group"),
    ):
        for identifier in (config or {}).get(key) or []:
            if identifier not in known:
                reason = f"EC2 Error Code: {code}. EC2 Error Message: The {noun} '{identifier}' does not exist"
                raise InvalidParameterValueException(f"Error occurred while {operation}. {reason}")


def _followed_by_sync(original: Callable[..., Any]) -> Callable[..., Any]:
    def performed(self: Any, *arguments: Any, **named: Any) -> Any:
        answer = original(self, *arguments, **named)
        _sync(self, ec2_backends[self.account_id][self.region_name])
        return answer

    return performed


def _sync(functions: Any, ec2: Any) -> None:
    wanted = _places(functions)
    there: dict[_Place, Any] = {one.lambda_place: one for one in ec2.enis.values() if hasattr(one, "lambda_place")}
    for place in sorted(wanted - there.keys()):
        subnet, groups = place
        made = ec2.create_network_interface(
            subnet, random_private_ip(), group_ids=list(groups), description="AWS Lambda VPC ENI"
        )
        made.lambda_place, made.status, made.requester_managed, made.interface_type = place, "in-use", True, "lambda"
        there[place] = made
    for place, interface in there.items():
        if place in wanted:
            interface.unused_since = None
        elif interface.unused_since is None:
            interface.unused_since = determinism.now()


def _places(functions: Any) -> set[_Place]:
    return {
        (subnet, tuple(sorted(function._vpc_config.get("SecurityGroupIds") or ())))
        for group in functions._lambdas._functions.values()
        for function in (group["latest"], *group["versions"])
        if function._vpc_config
        for subnet in function._vpc_config.get("SubnetIds") or ()
    }


def _remove_unused(ec2: Any) -> None:
    for identifier, interface in list(ec2.enis.items()):
        since = getattr(interface, "unused_since", None)
        if since is not None and determinism.now() - since >= SETTLE_SECONDS:
            del ec2.enis[identifier]
