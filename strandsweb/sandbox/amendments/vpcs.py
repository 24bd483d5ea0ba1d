"""EC2: everything about VPCs; a VPC takes its block from an IPAM pool and gives it back."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.vpcs import VPC, VPCBackend
from moto.ec2.responses.vpcs import VPCs

from strandsweb.sandbox.amendments import dependencies, endpoints, eventual, flowlogs, interfaces, natgateways
from strandsweb.sandbox.determinism import now
from strandsweb.sandbox.emulations.allocations import block_of, choose, take
from strandsweb.sandbox.emulations.ipam import get, store_of
from strandsweb.sandbox.operations import Place, Refused


def install() -> None:
    for module in (eventual, natgateways, endpoints, flowlogs, interfaces, dependencies):
        module.install()
    _allocate_from_pools()


def _allocate_from_pools() -> None:
    """CreateVpc with Ipv4IpamPoolId takes its block from the pool; DeleteVpc gives it back."""
    answer, delete = VPCs.create_vpc, VPCBackend.delete_vpc

    def create_vpc_answer(self: VPCs) -> Any:
        pool_id, length = self._get_param("Ipv4IpamPoolId"), self._get_param("Ipv4NetmaskLength")
        given = self._get_param("CidrBlock")
        if not pool_id:
            if not given:
                raise Refused("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
            return answer(self)
        if given and length:
            raise Refused("InvalidParameterCombination", "Give a CidrBlock or an Ipv4NetmaskLength, not both.")
        place = Place(self.current_account, self.region, now())
        pool = get(place, pool_id, "ipam-pool")
        if pool.fields["Locale"] != place.region or pool.fields["AddressFamily"] != "ipv4":
            raise Refused("InvalidParameterValue", f"The pool's locale is {pool.fields['Locale']}, not {place.region}.")
        tags = [tag for spec in self._get_param("TagSpecifications", []) for tag in spec.get("Tags", [])]
        if any(tag not in tags for tag in map(dict, pool.fields["AllocationResourceTags"])):
            message = "The resource is missing one or more of the resource tags required by the IPAM pool."
            raise Refused("InvalidParameterValue", message)
        block = choose(place, pool_id, block_of(given, pool) if given else None, length)
        if not 16 <= block.prefixlen <= 28:
            raise Refused("InvalidVpc.Range", f"The CIDR '{block}' is invalid.")
        self.params["CidrBlock"] = str(block)
        result: Any = answer(self)
        vpc: VPC = result.result["Vpc"]
        take(place, pool_id, block, resource_type="vpc", resource_id=vpc.id)
        return result

    def delete_vpc(self: Any, vpc_id: str) -> VPC:
        vpc = delete(self, vpc_id)
        store = store_of(self.account_id)
        store.allocations = {key: one for key, one in store.allocations.items() if one.get("ResourceId") != vpc_id}
        return vpc

    VPCs.create_vpc = create_vpc_answer  # type: ignore[method-assign]
    VPCBackend.delete_vpc = delete_vpc  # type: ignore[method-assign]
