"""EC2: NAT gateways take time to come and to go, need a way out, and give their address back.

https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models.nat_gateways import NatGateway, NatGatewayBackend
from moto.ec2.responses.nat_gateways import NatGateways

from strandsweb.sandbox.amendments.eventual import at_the_end, once, settle_on
from strandsweb.sandbox.operations import Refused


def install() -> None:
    settle_on(NatGateway, "state", available="pending", failed="pending", deleted="deleting")
    at_the_end(_give_back)
    _fail_without_a_way_out()
    _know_what_is_not_there()
    once(
        NatGateways,
        "create_nat_gateway",
        _alive,
        lambda result: str(result["NatGateway"].id),
    )


def _alive(backend: Any, identifier: str) -> dict[str, Any] | None:
    gateway = backend.nat_gateways[identifier]
    return None if gateway.state in ("deleting", "deleted") else {"NatGateway": gateway}


def _give_back(backend: Any) -> None:
    """A gateway that is gone, or never came to be, holds neither address nor network interface."""
    for gateway in backend.nat_gateways.values():
        if gateway.state in ("deleted", "failed") and gateway._eni.id in backend.enis:
            for address in gateway.address_set:
                if association := address.pop("associationId", None):
                    backend.disassociate_address(association_id=association)
            backend.delete_network_interface(gateway._eni.id)


def _fail_without_a_way_out() -> None:
    create = NatGatewayBackend.create_nat_gateway

    def create_nat_gateway(
        self: Any,
        subnet_id: str,
        allocation_id: str,
        tags: dict[str, str] | None = None,
        connectivity_type: str | None = None,
    ) -> NatGateway:
        connectivity = connectivity_type or "public"
        reason = ("", "")
        if connectivity == "public":
            if not allocation_id:
                raise Refused("MissingParameter", "The request must contain the parameter AllocationId")
            vpc_id = self.get_subnet(subnet_id).vpc_id
            (address,) = self.address_by_allocation([allocation_id])
            if not any(gateway.vpc and gateway.vpc.id == vpc_id for gateway in self.internet_gateways.values()):
                reason = ("Gateway.NotAttached", f"Network {vpc_id} has no Internet gateway attached")
            elif address.association_id:
                reason = (
                    "Resource.AlreadyAssociated",
                    f"Elastic IP address [{allocation_id}] is already associated",
                )
        gateway = create(self, subnet_id, "" if reason[0] else allocation_id, tags, connectivity)
        if reason[0]:
            gateway.state = "failed"
            gateway.failure_code, gateway.failure_message = reason  # type: ignore[attr-defined]
        return gateway

    NatGatewayBackend.create_nat_gateway = create_nat_gateway  # type: ignore[method-assign]


def _know_what_is_not_there() -> None:
    delete, describe = NatGatewayBackend.delete_nat_gateway, NatGatewayBackend.describe_nat_gateways

    def delete_nat_gateway(self: NatGatewayBackend, nat_gateway_id: str) -> NatGateway:
        gateway = _known(self, nat_gateway_id)
        return gateway if gateway.state in ("deleting", "deleted") else delete(self, nat_gateway_id)

    def describe_nat_gateways(self: Any, filters: Any, nat_gateway_ids: list[str] | None) -> list[NatGateway]:
        for identifier in nat_gateway_ids or []:
            _known(self, identifier)
        found = describe(self, filters, nat_gateway_ids)
        wanted = {name: values for name, values in (filters or {}).items() if name.startswith("tag")}
        return [gateway for gateway in found if all(_tagged(gateway, *entry) for entry in wanted.items())]

    NatGatewayBackend.delete_nat_gateway = delete_nat_gateway  # type: ignore[method-assign]
    NatGatewayBackend.describe_nat_gateways = describe_nat_gateways  # type: ignore[method-assign]


def _known(backend: NatGatewayBackend, identifier: str) -> NatGateway:
    if identifier not in backend.nat_gateways:
        raise Refused("NatGatewayNotFound", f"NAT gateway {identifier} was not found")
    return backend.nat_gateways[identifier]


def _tagged(gateway: Any, name: str, values: list[str]) -> bool:
    """moto leaves filters by tag out."""
    tags = {tag["key"]: tag["value"] for tag in gateway.get_tags()}
    return bool(tags.keys() & set(values)) if name == "tag-key" else tags.get(name.removeprefix("tag:")) in values
