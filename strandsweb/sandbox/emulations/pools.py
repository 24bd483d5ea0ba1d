"""EC2 IPAM pools and the blocks provisioned in them."""

from __future__ import annotations

from typing import Any

from strandsweb.sandbox.emulations.allocations import (
    block_of,
    choose,
    cidr_shown,
    cidrs_of,
    ready_pool,
    take,
    taken_of,
)
from strandsweb.sandbox.emulations.blocks import Block, inside, overlap, parse_block
from strandsweb.sandbox.emulations.ipam import arn, describe, get, keep_tags, living, shown, store_of
from strandsweb.sandbox.emulations.store import Thing, filtered, new_id, page
from strandsweb.sandbox.operations import OPERATIONS, Place, Refused

_LENGTHS = ("AllocationMinNetmaskLength", "AllocationDefaultNetmaskLength", "AllocationMaxNetmaskLength")


def _create_pool(place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
    store = store_of(place.account)
    known = store.tokens.known("CreateIpamPool", parameters, mismatch="IdempotentParameterMismatch")
    if known:
        return {"IpamPool": shown(get(place, known, "ipam-pool"), place)}
    scope = get(place, parameters["IpamScopeId"], "ipam-scope")
    ipam = next(one for one in living(place, "ipam") if one.fields["IpamArn"] == scope.fields["IpamArn"])
    locale = parameters.get("Locale", "None")
    regions = {region["RegionName"] for region in ipam.fields["OperatingRegions"]}
    if locale != "None" and locale not in regions:
        raise Refused("InvalidParameterValue", f"The locale {locale} is no operating Region of the IPAM.")
    depth, source_id = 1, parameters.get("SourceIpamPoolId")
    if source_id:
        source = get(place, source_id, "ipam-pool").fields
        depth = source["PoolDepth"] + 1
        if source["IpamScopeArn"] != scope.fields["IpamScopeArn"] or source["Locale"] not in {"None", locale}:
            raise Refused("InvalidParameterValue", "The source pool has another scope or locale.")
    if parameters.get("AddressFamily") not in {"ipv4", "ipv6"}:
        raise Refused("InvalidParameterValue", "AddressFamily is ipv4 or ipv6.")
    identifier = new_id("ipam-pool")
    fields: dict[str, Any] = {
        "OwnerId": place.account,
        "IpamPoolId": identifier,
        "IpamPoolArn": arn(place, identifier),
        "IpamScopeArn": scope.fields["IpamScopeArn"],
        "IpamScopeType": scope.fields["IpamScopeType"],
        "IpamArn": scope.fields["IpamArn"],
        "IpamRegion": scope.fields["IpamRegion"],
        "Locale": locale,
        "PoolDepth": depth,
        "Description": parameters.get("Description", ""),
        "AutoImport": bool(parameters.get("AutoImport")),
        "AddressFamily": parameters["AddressFamily"],
        "AllocationResourceTags": parameters.get("AllocationResourceTags") or [],
    }
    if source_id:
        fields["SourceIpamPoolId"] = source_id
    fields |= {key: parameters[key] for key in _LENGTHS if key in parameters}
    _check_lengths(fields)
    thing = store.things[identifier] = Thing(fields, place.seconds)
    scope.fields["PoolCount"] += 1
    keep_tags(place, identifier, parameters)
    store.tokens.remember("CreateIpamPool", parameters, identifier)
    return {"IpamPool": shown(thing, place)}


def _check_lengths(fields: dict[str, Any]) -> None:
    """Netmask lengths ascend from minimum over default to maximum and fit the family."""
    longest = 32 if fields["AddressFamily"] == "ipv4" else 128
    given = [fields[key] for key in _LENGTHS if fields.get(key) is not None]
    if given != sorted(given) or any(not 0 <= length <= longest for length in given):
        raise Refused("InvalidParameterValue", "The allocation netmask lengths contradict each other.")


def _modify_pool(place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
    pool = get(place, parameters["IpamPoolId"], "ipam-pool")
    keys = {"Description", "AutoImport", *_LENGTHS} & parameters.keys()
    fields = pool.fields | {key: parameters[key] for key in keys}
    if parameters.get("ClearAllocationDefaultNetmaskLength"):
        fields.pop("AllocationDefaultNetmaskLength", None)
    removed = parameters.get("RemoveAllocationResourceTags") or []
    kept = [tag for tag in fields["AllocationResourceTags"] if tag not in removed]
    fields["AllocationResourceTags"] = kept + (parameters.get("AddAllocationResourceTags") or [])
    _check_lengths(fields)
    pool.fields = fields
    pool.change("modify", place)
    return {"IpamPool": shown(pool, place)}


def _delete_pool(place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
    identifier = parameters["IpamPoolId"]
    pool = get(place, identifier, "ipam-pool")
    store = store_of(place.account)
    used = any(one["IpamPoolId"] == identifier for one in store.allocations.values())
    kept = [cidr for cidr in cidrs_of(place, identifier) if cidr.verb != "delete"]
    children = any(one.fields.get("SourceIpamPoolId") == identifier for one in living(place, "ipam-pool"))
    if used or children or (kept and not parameters.get("Cascade")):
        raise Refused("DependencyViolation", f"The IPAM pool '{identifier}' has CIDRs, allocations or pools in it.")
    if pool.verb != "delete":
        pool.change("delete", place)
        scope = next(s for s in living(place, "ipam-scope") if s.fields["IpamScopeArn"] == pool.fields["IpamScopeArn"])
        scope.fields["PoolCount"] -= 1
        _give_back_to_source(place, store.cidrs.pop(identifier, []))
    return {"IpamPool": shown(pool, place)}


def _provision(place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
    identifier = parameters["IpamPoolId"]
    pool = ready_pool(place, identifier)
    store = store_of(place.account)
    known = store.tokens.known("ProvisionIpamPoolCidr", parameters, mismatch="IdempotentParameterMismatch")
    for cidr in cidrs_of(place, identifier):
        if cidr.fields["IpamPoolCidrId"] == known:
            return {"IpamPoolCidr": cidr_shown(cidr, place)}
    source = pool.fields.get("SourceIpamPoolId")
    length = parameters.get("NetmaskLength")
    if ("Cidr" in parameters) == (length is not None) or (length is not None and not source):
        raise Refused("InvalidParameterCombination", "Give a Cidr, or the NetmaskLength of one out of the source pool.")
    block = block_of(parameters["Cidr"], pool) if "Cidr" in parameters else None
    fields: dict[str, Any] = {"IpamPoolCidrId": new_id("ipam-pool-cidr")}
    if source:
        block = choose(place, source, block, length)
        taken = take(place, source, block, resource_type="ipam-pool", resource_id=identifier)
        fields["Allocation"] = taken["IpamPoolAllocationId"]
    assert block is not None
    if not source and any(overlap(block, other) for other in _scope_blocks(place, pool)):
        message = "The CIDR overlaps with one that is provisioned in the scope."
        fields["FailureReason"] = {"Code": "cidr-not-available", "Message": message}
    fields |= {"Cidr": str(block), "NetmaskLength": block.prefixlen}
    cidr = Thing(fields, place.seconds)
    store.cidrs.setdefault(identifier, []).append(cidr)
    store.tokens.remember("ProvisionIpamPoolCidr", parameters, fields["IpamPoolCidrId"])
    return {"IpamPoolCidr": cidr_shown(cidr, place)}


def _scope_blocks(place: Place, pool: Thing) -> list[Block]:
    """What the top pools of the same scope provide already."""
    return [
        parse_block(cidr.fields["Cidr"])
        for other in living(place, "ipam-pool")
        if other.fields["IpamScopeArn"] == pool.fields["IpamScopeArn"] and other.fields["PoolDepth"] == 1
        for cidr in cidrs_of(place, other.fields["IpamPoolId"])
        if "FailureReason" not in cidr.fields
    ]


def _deprovision(place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
    identifier = parameters["IpamPoolId"]
    get(place, identifier, "ipam-pool")
    for cidr in cidrs_of(place, identifier):
        if cidr.fields["Cidr"] == parameters.get("Cidr"):
            block = parse_block(cidr.fields["Cidr"])
            if any(inside(taken, block) for taken in taken_of(place, identifier)):
                raise Refused("IncorrectState", f"The CIDR {block} has allocations.")
            if cidr.verb != "delete":
                cidr.change("delete", place)
                _give_back_to_source(place, [cidr])
            return {"IpamPoolCidr": cidr_shown(cidr, place)}
    raise Refused("InvalidParameterValue", f"The CIDR {parameters.get('Cidr')} is not provisioned in the pool.")


def _give_back_to_source(place: Place, cidrs: list[Thing]) -> None:
    for cidr in cidrs:
        store_of(place.account).allocations.pop(cidr.fields.get("Allocation", ""), None)


def _get_cidrs(place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
    get(place, parameters["IpamPoolId"], "ipam-pool")
    cidrs = [cidr_shown(cidr, place) for cidr in cidrs_of(place, parameters["IpamPoolId"])]
    return page(filtered(cidrs, parameters.get("Filters")), parameters, "IpamPoolCidrs")


def install() -> None:
    OPERATIONS.update(
        {
            ("ec2", "CreateIpamPool"): _create_pool,
            ("ec2", "DescribeIpamPools"): describe("ipam-pool", "IpamPools", "IpamPoolIds"),
            ("ec2", "ModifyIpamPool"): _modify_pool,
            ("ec2", "DeleteIpamPool"): _delete_pool,
            ("ec2", "ProvisionIpamPoolCidr"): _provision,
            ("ec2", "DeprovisionIpamPoolCidr"): _deprovision,
            ("ec2", "GetIpamPoolCidrs"): _get_cidrs,
        }
    )
