"""EC2: what is in use cannot be deleted, detached or released; the codes are the API reference's.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models.elastic_ip_addresses import ElasticAddressBackend
from moto.ec2.models.internet_gateways import InternetGatewayBackend
from moto.ec2.models.subnets import SubnetBackend
from moto.ec2.models.vpcs import VPCBackend
from moto.ec2.responses.security_groups import SecurityGroups

from strandsweb.sandbox.operations import Refused


def install() -> None:
    _keep_groups()
    _keep_networks()
    _keep_addresses()


def _violation(message: str) -> Refused:
    return Refused("DependencyViolation", message)


def _keep_groups() -> None:
    original = SecurityGroups.delete_security_group

    def delete_security_group(self: SecurityGroups) -> Any:
        backend = self.ec2_backend
        for group in _groups(backend):
            if group.id != self._get_param("GroupId"):
                continue
            if group.name == "default":
                raise Refused("CannotDelete", f'the specified group: "{group.id}" name: "default" cannot be deleted')
            if _is_named(backend, group.id) or any(group in interface.group_set for interface in backend.enis.values()):
                raise _violation(f"resource {group.id} has a dependent object")
        return original(self)

    SecurityGroups.delete_security_group = delete_security_group  # type: ignore[method-assign]


def _groups(backend: Any) -> list[Any]:
    return [group for groups in backend.groups.values() for group in groups.values()]


def _is_named(backend: Any, group_id: str) -> bool:
    """Whether a rule of another group names it."""
    return any(
        rule.source_group.get("GroupId") == group_id
        for group in _groups(backend)
        if group.id != group_id
        for rule in (*group.ingress_rules, *group.egress_rules)
    )


def _keep_networks() -> None:
    delete_subnet, delete_vpc = SubnetBackend.delete_subnet, VPCBackend.delete_vpc
    detach = InternetGatewayBackend.detach_internet_gateway

    def kept_subnet(self: Any, subnet_id: str) -> Any:
        if any(interface.subnet.id == subnet_id for interface in self.enis.values()):
            raise _violation(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
        return delete_subnet(self, subnet_id)

    def kept_vpc(self: Any, vpc_id: str) -> Any:
        vpc = self.get_vpc(vpc_id)
        attached = any(gateway.vpc is vpc for gateway in self.internet_gateways.values())
        grouped = any(group.name != "default" for group in self.groups.get(vpc_id, {}).values())
        if attached or grouped or any(endpoint.vpc_id == vpc_id for endpoint in self.vpc_end_points.values()):
            raise _violation(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
        return delete_vpc(self, vpc_id)

    def kept_gateway(self: Any, internet_gateway_id: str, vpc_id: str) -> None:
        for address in self.addresses:
            if address.eni is not None and address.eni.subnet.vpc_id == vpc_id:
                message = "has some mapped public address(es). Please unmap those before detaching the gateway."
                raise _violation(f"Network {vpc_id} {message}")
        detach(self, internet_gateway_id, vpc_id)

    SubnetBackend.delete_subnet = kept_subnet  # type: ignore[method-assign]
    VPCBackend.delete_vpc = kept_vpc  # type: ignore[method-assign]
    InternetGatewayBackend.detach_internet_gateway = kept_gateway  # type: ignore[method-assign]


def _keep_addresses() -> None:
    """moto takes an address away from whatever uses it."""
    release = ElasticAddressBackend.release_address

    def release_address(self: Any, address: str | None = None, allocation_id: str | None = None) -> None:
        found = self.address_by_allocation([allocation_id]) if allocation_id else self.address_by_ip([address])
        if found[0].association_id:
            raise Refused("InvalidIPAddress.InUse", f"Address {found[0].public_ip} is in use.")
        release(self, address, allocation_id)

    ElasticAddressBackend.release_address = release_address  # type: ignore[method-assign]
