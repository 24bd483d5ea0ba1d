"""EC2 IPAM allocations: blocks taken out of what a pool provides, and given back."""

from __future__ import annotations

from typing import Any

from strandsweb.sandbox.emulations.blocks import Block, inside, next_block, overlap, parse_block
from strandsweb.sandbox.emulations.ipam import get, shown, store_of
from strandsweb.sandbox.emulations.store import Thing, filtered, new_id, page
from strandsweb.sandbox.operations import OPERATIONS, Place, Refused


def cidrs_of(place: Place, identifier: str) -> list[Thing]:
    return [cidr for cidr in store_of(place.account).cidrs.get(identifier, []) if not cidr.gone(place)]


def cidr_shown(cidr: Thing, place: Place) -> dict[str, Any]:
    verb = "deprovision" if cidr.verb == "delete" else "provision"
    state = f"pending-{verb}" if not cidr.settled(place) else f"{verb}ed"
    if "FailureReason" in cidr.fields and cidr.settled(place):
        state = "failed-provision"
    return {key: value for key, value in cidr.fields.items() if key != "Allocation"} | {"State": state}


def usable_of(place: Place, identifier: str) -> list[Block]:
    """The blocks of a pool that allocations can come from."""
    shown_cidrs = [cidr_shown(cidr, place) for cidr in cidrs_of(place, identifier)]
    return [parse_block(cidr["Cidr"]) for cidr in shown_cidrs if cidr["State"] == "provisioned"]


def taken_of(place: Place, identifier: str) -> list[Block]:
    allocations = store_of(place.account).allocations.values()
    return [parse_block(one["Cidr"]) for one in allocations if one["IpamPoolId"] == identifier]


def ready_pool(place: Place, identifier: str) -> Thing:
    pool = get(place, identifier, "ipam-pool")
    if pool.verb == "delete" or (pool.verb == "create" and not pool.settled(place)):
        state = shown(pool, place)["State"]
        raise Refused("IncorrectState", f"The IPAM pool '{identifier}' is in state {state}.")
    return pool


def block_of(text: str, pool: Thing) -> Block:
    try:
        block = parse_block(text)
    except ValueError:
        raise Refused("InvalidParameterValue", f"Value ({text}) for parameter cidr is invalid.") from None
    if f"ipv{block.version}" != pool.fields["AddressFamily"]:
        raise Refused("InvalidParameterValue", f"The CIDR {text} is not of the pool's address family.")
    return block


def choose(
    place: Place, identifier: str, block: Block | None, length: int | None, not_in: tuple[Block, ...] = ()
) -> Block:
    """The block an allocation gets: the one asked for, or the next free one of a length. Raises Refused."""
    pool = ready_pool(place, identifier).fields
    provided, taken = usable_of(place, identifier), [*taken_of(place, identifier), *not_in]
    if block is None:
        wanted = length if length is not None else pool.get("AllocationDefaultNetmaskLength")
        if wanted is None:
            raise Refused("MissingParameter", "Give a netmask length; the IPAM pool has no default one.")
        _check_length(pool, wanted)
        block = next_block(provided, taken, wanted)
        if block is None:
            raise Refused("InvalidParameterValue", "The allocation size is too big for the pool.")
        return block
    _check_length(pool, block.prefixlen)
    if not any(inside(block, one) for one in provided):
        raise Refused("InvalidParameterValue", f"The CIDR {block} is not provisioned in the pool.")
    if any(overlap(block, one) for one in taken):
        raise Refused("InvalidParameterValue", f"The CIDR {block} overlaps with an allocation of the pool.")
    return block


def _check_length(pool: dict[str, Any], length: int) -> None:
    longest = 32 if pool["AddressFamily"] == "ipv4" else 128
    low, high = pool.get("AllocationMinNetmaskLength", 0), pool.get("AllocationMaxNetmaskLength", longest)
    if not low <= length <= high:
        raise Refused("InvalidParameterValue", f"The netmask length {length} is not from {low} to {high}.")


def take(
    place: Place, identifier: str, block: Block, *, resource_type: str, resource_id: str = "", description: str = ""
) -> dict[str, Any]:
    """Notes an allocation; its own id is its resource id when it stands for no resource."""
    allocation_id = new_id("ipam-pool-alloc")
    allocation = {
        "IpamPoolId": identifier,
        "Cidr": str(block),
        "IpamPoolAllocationId": allocation_id,
        "Description": description,
        "ResourceType": resource_type,
        "ResourceRegion": place.region,
        "ResourceOwner": place.account,
    }
    if resource_id:
        allocation["ResourceId"] = resource_id
    store_of(place.account).allocations[allocation_id] = allocation
    return allocation


def _allocate(place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
    identifier = parameters["IpamPoolId"]
    pool = get(place, identifier, "ipam-pool")
    store = store_of(place.account)
    known = store.tokens.known("AllocateIpamPoolCidr", parameters, mismatch="IdempotentParameterMismatch")
    if known in store.allocations:
        return {"IpamPoolAllocation": store.allocations[known]}
    block = block_of(parameters["Cidr"], pool) if "Cidr" in parameters else None
    not_in = tuple(block_of(text, pool) for text in parameters.get("DisallowedCidrs") or [])
    block = choose(place, identifier, block, parameters.get("NetmaskLength"), not_in)
    if parameters.get("PreviewNextCidr"):
        return {"IpamPoolAllocation": {"Cidr": str(block), "ResourceType": "custom"}}
    description = parameters.get("Description", "")
    allocation = take(place, identifier, block, resource_type="custom", description=description)
    store.tokens.remember("AllocateIpamPoolCidr", parameters, allocation["IpamPoolAllocationId"])
    return {"IpamPoolAllocation": allocation}


def _release(place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
    get(place, parameters["IpamPoolId"], "ipam-pool")
    identifier = parameters["IpamPoolAllocationId"]
    allocation = _allocation(place, parameters["IpamPoolId"], identifier)
    if allocation["ResourceType"] != "custom":
        raise Refused("InvalidParameterValue", "Only custom allocations can be released; delete the resource instead.")
    if allocation["Cidr"] != parameters.get("Cidr"):
        raise Refused("InvalidParameterValue", f"The allocation '{identifier}' has another CIDR.")
    del store_of(place.account).allocations[identifier]
    return {"Success": True}


def _allocation(place: Place, pool_id: str, identifier: str) -> dict[str, Any]:
    allocation = store_of(place.account).allocations.get(identifier)
    if allocation is None or allocation["IpamPoolId"] != pool_id:
        message = f"The IPAM pool allocation ID '{identifier}' does not exist."
        raise Refused("InvalidIpamPoolAllocationId.NotFound", message)
    return allocation


def _get_allocations(place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
    identifier = parameters["IpamPoolId"]
    get(place, identifier, "ipam-pool")
    if parameters.get("IpamPoolAllocationId"):
        found = [_allocation(place, identifier, parameters["IpamPoolAllocationId"])]
    else:
        found = [one for one in store_of(place.account).allocations.values() if one["IpamPoolId"] == identifier]
    return page(filtered(found, parameters.get("Filters")), parameters, "IpamPoolAllocations")


def install() -> None:
    OPERATIONS.update(
        {
            ("ec2", "AllocateIpamPoolCidr"): _allocate,
            ("ec2", "ReleaseIpamPoolAllocation"): _release,
            ("ec2", "GetIpamPoolAllocations"): _get_allocations,
        }
    )
