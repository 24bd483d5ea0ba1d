"""EC2 IPAM: address managers and their scopes; https://docs.aws.amazon.com/AWSEC2/latest/APIReference/."""

from __future__ import annotations

from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend
from moto.ec2 import utils
from moto.ec2.models import ec2_backends
from moto.ec2.models import tags as tag_models

from strandsweb.sandbox.emulations.store import Thing, Tokens, filtered, new_id, page
from strandsweb.sandbox.operations import OPERATIONS, Operation, Place, Refused


class IpamBackend(BaseBackend):
    """One account's address managers; pools are seen from every region, so that there is one store per account."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.things: dict[str, Thing] = {}
        self.cidrs: dict[str, list[Thing]] = {}
        self.allocations: dict[str, dict[str, Any]] = {}
        self.tokens = Tokens()


ipam_backends = BackendDict(IpamBackend, "ec2")


def store_of(account: str) -> IpamBackend:
    store: IpamBackend = ipam_backends[account]["us-east-1"]
    return store


def get(place: Place, identifier: str, kind: str) -> Thing:
    """The ipam, ipam-scope or ipam-pool (`kind`). Raises Refused when there is none."""
    thing = store_of(place.account).things.get(identifier)
    if thing is None or thing.gone(place) or not identifier.startswith(f"{kind}-0"):
        name = "".join(part.capitalize() for part in kind.split("-"))
        raise Refused(f"Invalid{name}Id.NotFound", f"The {kind} ID '{identifier}' does not exist.")
    return thing


def shown(thing: Thing, place: Place) -> dict[str, Any]:
    """A resource as it is described: its state now, and its tags, which live where EC2 keeps all of them."""
    state = f"{thing.verb}-{'complete' if thing.settled(place) else 'in-progress'}"
    identifier = next(value for key, value in thing.fields.items() if key in {"IpamId", "IpamScopeId", "IpamPoolId"})
    tags = ec2_backends[place.account][thing.fields["IpamRegion"]].tags.get(identifier, {})
    return thing.fields | {"State": state, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def keep_tags(place: Place, identifier: str, parameters: dict[str, Any]) -> None:
    for specification in parameters.get("TagSpecifications") or []:
        tags = {tag["Key"]: tag["Value"] for tag in specification.get("Tags") or []}
        ec2_backends[place.account][place.region].create_tags([identifier], tags)


def living(place: Place, kind: str) -> list[Thing]:
    things = store_of(place.account).things.items()
    return [thing for identifier, thing in things if identifier.startswith(f"{kind}-0") and not thing.gone(place)]


def arn(place: Place, identifier: str) -> str:
    kind = identifier.rpartition("-")[0]
    return f"arn:aws:ec2::{place.account}:{kind}/{identifier}"


def describe(kind: str, key: str, ids: str) -> Operation:
    """The Describe operation of a kind: by ids (an unknown one is an error), filters, in pages."""

    def perform(place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
        asked = parameters.get(ids)
        things = [get(place, identifier, kind) for identifier in asked] if asked else living(place, kind)
        return page(filtered([shown(thing, place) for thing in things], parameters.get("Filters")), parameters, key)

    return perform


def _create_ipam(place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
    store = store_of(place.account)
    known = store.tokens.known("CreateIpam", parameters, mismatch="IdempotentParameterMismatch")
    if known:
        return {"Ipam": shown(get(place, known, "ipam"), place)}
    if any(thing.fields["IpamRegion"] == place.region for thing in living(place, "ipam")):
        raise Refused("ResourceLimitExceeded", "The maximum number of IPAMs (1) for this Region has been reached.")
    identifier = new_id("ipam")
    regions = [region["RegionName"] for region in parameters.get("OperatingRegions") or []]
    fields = {
        "OwnerId": place.account,
        "IpamId": identifier,
        "IpamArn": arn(place, identifier),
        "IpamRegion": place.region,
        "ScopeCount": 2,
        "Description": parameters.get("Description", ""),
        "OperatingRegions": [{"RegionName": region} for region in dict.fromkeys([place.region, *regions])],
        "Tier": parameters.get("Tier", "advanced"),
    }
    thing = store.things[identifier] = Thing(fields, place.seconds)
    for kind in ("public", "private"):
        scope = _make_scope(place, thing, kind, default=True)
        fields[f"{kind.capitalize()}DefaultScopeId"] = scope.fields["IpamScopeId"]
    keep_tags(place, identifier, parameters)
    store.tokens.remember("CreateIpam", parameters, identifier)
    return {"Ipam": shown(thing, place)}


def _make_scope(place: Place, ipam: Thing, kind: str, *, default: bool, description: str = "") -> Thing:
    identifier = new_id("ipam-scope")
    fields = {
        "OwnerId": place.account,
        "IpamScopeId": identifier,
        "IpamScopeArn": arn(place, identifier),
        "IpamArn": ipam.fields["IpamArn"],
        "IpamRegion": ipam.fields["IpamRegion"],
        "IpamScopeType": kind,
        "IsDefault": default,
        "Description": description,
        "PoolCount": 0,
    }
    thing = store_of(place.account).things[identifier] = Thing(fields, place.seconds)
    return thing


def _modify_ipam(place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
    ipam = get(place, parameters["IpamId"], "ipam")
    regions = [region["RegionName"] for region in ipam.fields["OperatingRegions"]]
    regions += [region["RegionName"] for region in parameters.get("AddOperatingRegions") or []]
    removed = {region["RegionName"] for region in parameters.get("RemoveOperatingRegions") or []}
    if ipam.fields["IpamRegion"] in removed:
        raise Refused("InvalidParameterValue", "The home Region of the IPAM cannot be removed.")
    kept = [region for region in dict.fromkeys(regions) if region not in removed]
    ipam.fields["OperatingRegions"] = [{"RegionName": region} for region in kept]
    ipam.fields |= {key: parameters[key] for key in ("Description", "Tier") if key in parameters}
    ipam.change("modify", place)
    return {"Ipam": shown(ipam, place)}


def _delete_ipam(place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
    ipam = get(place, parameters["IpamId"], "ipam")
    arns = ipam.fields["IpamArn"]
    scopes = [one for one in living(place, "ipam-scope") if one.fields["IpamArn"] == arns and one.verb != "delete"]
    pools = [pool for pool in living(place, "ipam-pool") if pool.fields["IpamArn"] == arns and pool.verb != "delete"]
    if (pools or len(scopes) > 2) and not parameters.get("Cascade"):
        raise Refused("DependencyViolation", f"The IPAM '{parameters['IpamId']}' has scopes or pools.")
    store = store_of(place.account)
    ids = {pool.fields["IpamPoolId"] for pool in pools}
    if any(allocation["IpamPoolId"] in ids and allocation["ResourceType"] == "vpc" for allocation in _all(store)):
        raise Refused("DependencyViolation", f"VPCs use pools of the IPAM '{parameters['IpamId']}'.")
    store.allocations = {key: one for key, one in store.allocations.items() if one["IpamPoolId"] not in ids}
    for thing in (*pools, *scopes, ipam):
        thing.change("delete", place)
    return {"Ipam": shown(ipam, place)}


def _all(store: IpamBackend) -> list[dict[str, Any]]:
    return list(store.allocations.values())


def _create_scope(place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
    store = store_of(place.account)
    known = store.tokens.known("CreateIpamScope", parameters, mismatch="IdempotentParameterMismatch")
    if known:
        return {"IpamScope": shown(get(place, known, "ipam-scope"), place)}
    ipam = get(place, parameters["IpamId"], "ipam")
    scope = _make_scope(place, ipam, "private", default=False, description=parameters.get("Description", ""))
    ipam.fields["ScopeCount"] += 1
    keep_tags(place, scope.fields["IpamScopeId"], parameters)
    store.tokens.remember("CreateIpamScope", parameters, scope.fields["IpamScopeId"])
    return {"IpamScope": shown(scope, place)}


def _modify_scope(place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
    scope = get(place, parameters["IpamScopeId"], "ipam-scope")
    if "Description" in parameters:
        scope.fields["Description"] = parameters["Description"]
    scope.change("modify", place)
    return {"IpamScope": shown(scope, place)}


def _delete_scope(place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
    scope = get(place, parameters["IpamScopeId"], "ipam-scope")
    if scope.fields["IsDefault"]:
        raise Refused("InvalidParameterValue", "A default scope cannot be deleted.")
    if scope.fields["PoolCount"]:
        raise Refused("DependencyViolation", f"The scope '{parameters['IpamScopeId']}' has pools.")
    scope.change("delete", place)
    ipam = next(one for one in living(place, "ipam") if one.fields["IpamArn"] == scope.fields["IpamArn"])
    ipam.fields["ScopeCount"] -= 1
    return {"IpamScope": shown(scope, place)}


def _let_tags_take_ids() -> None:
    original = utils.get_prefix
    kinds = ("ipam-scope", "ipam-pool", "ipam")
    for kind in kinds:
        utils.EC2_RESOURCE_TO_PREFIX[kind] = utils.EC2_PREFIX_TO_RESOURCE[kind] = kind

    def get_prefix(resource_id: str) -> str:
        return next((kind for kind in kinds if resource_id.startswith(f"{kind}-0")), "") or original(resource_id)

    for module in (utils, tag_models):
        vars(module)["get_prefix"] = get_prefix


def install() -> None:
    _let_tags_take_ids()
    OPERATIONS.update(
        {
            ("ec2", "CreateIpam"): _create_ipam,
            ("ec2", "DescribeIpams"): describe("ipam", "Ipams", "IpamIds"),
            ("ec2", "ModifyIpam"): _modify_ipam,
            ("ec2", "DeleteIpam"): _delete_ipam,
            ("ec2", "CreateIpamScope"): _create_scope,
            ("ec2", "DescribeIpamScopes"): describe("ipam-scope", "IpamScopes", "IpamScopeIds"),
            ("ec2", "ModifyIpamScope"): _modify_scope,
            ("ec2", "DeleteIpamScope"): _delete_scope,
        }
    )
