"""Where moto differs from AWS in ways the product would notice, and what is done about it: one module per service.

Everything here changes moto's classes in place, from the API reference of the service, and keeps what it adds inside
moto's own objects, so that journal and snapshot hold it. A module goes when moto does what it says.
"""

from __future__ import annotations

from collections.abc import Callable

from strandsweb.sandbox.amendments import (
    alarms,
    apis,
    buckets,
    buses,
    delivery,
    filters,
    functions,
    loggroups,
    policies,
    restapis,
    roles,
    secrets,
    sessions,
    tables,
    tagging,
    tagindex,
    traces,
    vpcs,
)
from strandsweb.sandbox.functions.spec import FunctionSpec


def install(invoke_later: Callable[[FunctionSpec, str], None]) -> None:
    """Installs all amendments, once per process; `invoke_later` takes a function and an event as JSON text."""
    delivery.install(invoke_later)
    restapis.install()
    for module in (filters, tagindex):
        module.install()
    for module in (apis, buckets, buses, functions, loggroups, roles, sessions, tables, vpcs):
        module.install()
    for module in (alarms, policies, secrets, tagging, traces):
        module.install()
