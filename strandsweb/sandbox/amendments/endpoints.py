"""EC2: VPC endpoints take time to come and to go, live in subnets and groups, and need DNS for private names.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html
"""

from __future__ import annotations

import json
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.vpcs import VPCBackend, VPCEndPoint
from moto.ec2.responses.vpcs import VPCs
from moto.ec2.utils import random_private_ip

from strandsweb.sandbox.amendments.eventual import at_the_end, once, settle_on
from strandsweb.sandbox.operations import Refused


def install() -> None:
    settle_on(VPCEndPoint, "state", available="pending", deleted="deleting")
    at_the_end(_remove_deleted)
    _create_with_requirements()
    _modify_everything()
    _delete_slowly()
    once(
        VPCs,
        "create_vpc_endpoint",
        _alive,
        lambda result: str(result["VpcEndpoint"].id),
    )


def _alive(backend: Any, identifier: str) -> dict[str, Any] | None:
    endpoint = backend.vpc_end_points.get(identifier)
    return None if endpoint is None or endpoint.state == "deleting" else {"VpcEndpoint": endpoint}


def _is_interface(endpoint: VPCEndPoint) -> bool:
    return str(endpoint.vpc_endpoint_type).lower() == "interface"


def _remove_deleted(backend: Any) -> None:
    for endpoint in list(backend.vpc_end_points.values()):
        if endpoint.state == "deleted":
            for identifier in endpoint.network_interface_ids:
                backend.enis.pop(identifier, None)
            del backend.vpc_end_points[endpoint.id]


def _create_with_requirements() -> None:
    create = VPCBackend.create_vpc_endpoint

    def create_vpc_endpoint(
        self: Any, vpc_id: str, service_name: str, endpoint_type: str | None, *a: Any, **k: Any
    ) -> Any:
        kind = endpoint_type or "Gateway"
        vpc = self.get_vpc(vpc_id)
        groups = k.get("security_group_ids") or []
        if kind == "Gateway":
            k["private_dns_enabled"] = False
            tables = k.get("route_table_ids") or []
            for other in self.vpc_end_points.values():
                doubled = sorted(set(tables) & set(other.route_table_ids))
                if doubled and other.service_name == service_name:
                    message = f"route table {doubled[0]} already has a route with destination-prefix-list-id of "
                    raise Refused("RouteAlreadyExists", message + service_name)
        else:
            _check_groups(self, vpc_id, groups)
            if k.get("private_dns_enabled"):
                _check_private_names(self, vpc, service_name)
            k["security_group_ids"] = groups or [self.get_default_security_group(vpc_id).id]
        endpoint = create(self, vpc_id, service_name, kind, *a, **k)
        if kind == "Gateway":
            vars(endpoint)["state_changed"] = 0.0  # there at once
        else:
            _sync_interfaces(self, endpoint)
        return endpoint

    VPCBackend.create_vpc_endpoint = create_vpc_endpoint  # type: ignore[method-assign]


def _check_groups(backend: Any, vpc_id: str, groups: list[str]) -> None:
    for identifier in groups:
        group = backend.get_security_group_from_id(identifier)
        if group is None or group.vpc_id != vpc_id:
            raise Refused("InvalidGroup.NotFound", f"The security group '{identifier}' does not exist in VPC {vpc_id}")


def _check_private_names(backend: Any, vpc: Any, service_name: str, but: str = "") -> None:
    if not (_on(vpc.enable_dns_support) and _on(vpc.enable_dns_hostnames)):
        message = (
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for "
        )
        raise Refused("InvalidParameter", message + vpc.id)
    for other in backend.vpc_end_points.values():
        taken = other.vpc_id == vpc.id and other.service_name == service_name and other.private_dns_enabled
        if taken and other.id != but:
            message = "private-dns-enabled cannot be set because there is already a conflicting DNS domain for"
            raise Refused("InvalidParameter", f"{message} {service_name} in the VPC {vpc.id}")


def _on(value: Any) -> bool:
    return str(value).lower() == "true"  # moto keeps what the request said


def _sync_interfaces(backend: Any, endpoint: VPCEndPoint) -> None:
    """One network interface in each of its subnets, in its security groups."""
    there = {}
    for identifier in endpoint.network_interface_ids:
        interface = backend.enis.get(identifier)
        if interface is not None and interface.subnet.id in (endpoint.subnet_ids or []):
            there[interface.subnet.id] = interface
        else:
            backend.enis.pop(identifier, None)
    for subnet_id in endpoint.subnet_ids or []:
        if subnet_id not in there:
            there[subnet_id] = backend.create_network_interface(subnet_id, random_private_ip())
    for interface in there.values():
        interface._group_set = [backend.get_security_group_from_id(key) for key in endpoint.security_group_ids]
        interface.description = f"VPC Endpoint Interface {endpoint.id}"
        interface.status, interface.requester_managed = "in-use", True
    endpoint.network_interface_ids = [interface.id for interface in there.values()]


def _modify_everything() -> None:
    """moto drops PrivateDnsEnabled and ResetPolicy, and leaves routes and network interfaces as they were."""
    original = VPCs.modify_vpc_endpoint

    def modify_vpc_endpoint(self: VPCs) -> Any:
        backend = self.ec2_backend
        endpoint = backend.describe_vpc_endpoints([self._get_param("VpcEndpointId")])[0]
        if endpoint.state not in ("available", "pending"):
            raise Refused("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{endpoint.id}' does not exist")
        _check_groups(backend, endpoint.vpc_id, self._get_param("AddSecurityGroupIds", []))
        private = self._get_bool_param("PrivateDnsEnabled")
        if private:
            _check_private_names(backend, backend.get_vpc(endpoint.vpc_id), endpoint.service_name, endpoint.id)
        before = set(endpoint.route_table_ids)
        answer = original(self)
        if private is not None:
            endpoint.private_dns_enabled = private
        if self._get_bool_param("ResetPolicy"):
            endpoint.policy_document = json.dumps(VPCEndPoint.DEFAULT_POLICY)
        if _is_interface(endpoint):
            _sync_interfaces(backend, endpoint)
        elif endpoint.destination_prefix_list_id:
            for table in before - set(endpoint.route_table_ids):
                backend.delete_route(table, endpoint.destination_prefix_list_id)
            for table in sorted(set(endpoint.route_table_ids) - before):
                prefixes = endpoint.destination_prefix_list_id
                backend.create_route(table, None, gateway_id=endpoint.id, destination_prefix_list_id=prefixes)
        return answer

    VPCs.modify_vpc_endpoint = modify_vpc_endpoint  # type: ignore[method-assign]


def _delete_slowly() -> None:
    """An interface endpoint keeps its network interfaces until it is gone; one that is not there is told of."""

    def delete_vpc_endpoints(self: VPCs) -> ActionResult:
        backend, unsuccessful = self.ec2_backend, []
        for identifier in self._get_param("VpcEndpointIds", []):
            endpoint = backend.vpc_end_points.get(identifier)
            if endpoint is None:
                error = {
                    "Code": "InvalidVpcEndpoint.NotFound",
                    "Message": f"The Vpc Endpoint Id '{identifier}' does not exist",
                }
                unsuccessful.append({"ResourceId": identifier, "Error": error})
            elif not _is_interface(endpoint):
                backend.delete_vpc_endpoints([identifier])
                del backend.vpc_end_points[identifier]
            elif endpoint.state != "deleting":
                endpoint.state = "deleted"
        return ActionResult({"Unsuccessful": unsuccessful})

    VPCs.delete_vpc_endpoints = delete_vpc_endpoints  # type: ignore[method-assign]
