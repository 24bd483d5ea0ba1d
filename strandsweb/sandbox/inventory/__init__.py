"""What exists in the sandbox, by account, region and CloudFormation type: for tests, benches and the curious.

What AWS makes by itself (default VPCs and groups, main route tables, local routes, default buses and policies) is left
out: the inventory of an account in which nobody has made anything is empty.
"""

from __future__ import annotations

from typing import Any

from strandsweb.sandbox.inventory import apis, data, functions, networks
from strandsweb.sandbox.inventory.kinds import Kinds

KINDS: Kinds = {**apis.KINDS, **data.KINDS, **functions.KINDS, **networks.KINDS}


def take_inventory() -> dict[str, dict[str, dict[str, dict[str, Any]]]]:
    """{account: {region: {type: {"count": n, "ids": [...]}}}}, nothing empty. The caller holds the cloud's lock."""
    found: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}
    for kind, (backends, ids_of) in sorted(KINDS.items()):
        for account, region, backend in backends.iter_backends():
            ids = sorted(ids_of(backend))
            if ids:
                found.setdefault(account, {}).setdefault(region, {})[kind] = {"count": len(ids), "ids": ids}
    return found
