"""Parts of AWS that moto lacks, one module each, written from the API reference of the service.

What they keep lives in backends of moto's own kind, so that journal and snapshot hold it; they take time from the
`Place` and chance from moto, so that a replayed call answers the same. States that AWS reaches after a while follow
from the time of the last change: nothing runs in the background.
"""

from __future__ import annotations

from strandsweb.sandbox.emulations import allocations, cloudcontrol, ipam, pools, quotas, simulation
from strandsweb.sandbox.insider import Insider


def install(insider: Insider) -> None:
    """Registers the operations of all emulations, once per process; `insider` calls services within a call."""
    for module in (allocations, ipam, pools, quotas, simulation):
        module.install()
    cloudcontrol.install(insider)
