"""What `make run` consists of: everything with embedded settings, and the demo in it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from strandsweb.demo_passwords import PASSWORDS
from strandsweb.run import broker, processes
from strandsweb.run.claim import Claim
from strandsweb.run.house import House

WORKERS = 4  # runs carried out at the same time


async def open_house(house: House, claim: Claim, port: int, environment: Mapping[str, str]) -> dict[str, str]:
    """Start everything, side by side where nothing speaks against it; returns the addresses by what is behind them."""
    broker_program, broker_url = broker.program(claim, environment)
    sandbox_program, sandbox_url = processes.sandbox(claim, environment)
    ours = {
        "SITE_URL": f"http://127.0.0.1:{port}",
        **environment,
        **processes.sandbox_credentials(sandbox_url),
        "DJANGO_SETTINGS_MODULE": "strandsweb.settings.embedded",
        "BROKER_URL": broker_url,
    }
    await asyncio.gather(
        house.start(broker_program),
        house.start(sandbox_program),
        house.once(processes.migrate(ours)),
    )
    await asyncio.gather(
        house.start(processes.worker(WORKERS, ours)),
        house.start(processes.beat(claim, ours)),
        _seed(house, claim, ours),
    )
    await house.start(processes.web(port, ours))
    return {"web": f"http://127.0.0.1:{port}", "sandbox": sandbox_url, "broker": broker_url}


async def _seed(house: House, claim: Claim, environment: Mapping[str, str]) -> None:
    """Put the demo in, the first time: what somebody removed from it later stays removed."""
    seeded = claim.data_dir / "seeded"
    if not seeded.exists():
        await house.once(processes.manage("seed", environment, "seed_demo"))
        seeded.touch()


def welcome(addresses: Mapping[str, str]) -> str:
    """What to tell the person who started it."""
    accounts = "\n".join(f"    {name:<10} {password}" for name, password in PASSWORDS.items())
    return f"\n  strandsweb is ready: {addresses['web']}\n\n  Sign in with a name and its password:\n{accounts}\n"
