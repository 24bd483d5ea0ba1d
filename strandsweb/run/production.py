"""What `make run-production-shape` consists of: production settings on a private PostgreSQL, and no demo."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from shlex import quote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from strandsweb.run import broker, postgres, processes
from strandsweb.run.claim import Claim
from strandsweb.run.house import House

WORKERS = 4  # runs carried out at the same time


async def open_house(house: House, claim: Claim, port: int, environment: Mapping[str, str]) -> dict[str, str]:
    """Start everything, side by side where nothing speaks against it; returns the addresses by what is behind them.

    Also writes `production.env`, with which a shell command joins in.
    """
    cluster = await asyncio.to_thread(postgres.cluster, claim)
    broker_program, broker_url = broker.program(claim, environment)
    sandbox_program, sandbox_url = processes.sandbox(claim, environment)
    settings = {
        **processes.sandbox_credentials(sandbox_url),
        "DJANGO_SETTINGS_MODULE": "strandsweb.settings.production",
        "SECRET_KEY": claim.secret("django") + claim.secret("django-more"),
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "INSECURE_HTTP": "1",  # there is no proxy here to end TLS; the settings accept it on loopback alone
        "SITE_URL": f"http://127.0.0.1:{port}",
        "CSRF_TRUSTED_ORIGINS": f"http://127.0.0.1:{port},http://localhost:{port}",
        "DATABASE_URL": cluster.url,
        "BROKER_URL": broker_url,
        "HISTORY_BUCKET": "strandsweb-history",
        "SOURCES_BUCKET": "strandsweb-sources",
        "HISTORY_SIGNING_KEY": str(_signing_key(claim)),
        "STATIC_ROOT": str(claim.data_dir / "static"),
    }
    claim.write("production.env", "".join(f"export {name}='{value}'\n" for name, value in settings.items()))
    ours = {**environment, **settings}
    await asyncio.gather(
        house.start(postgres.program(cluster, environment)),
        house.start(broker_program),
        house.start(sandbox_program),
        house.once(processes.manage("static", ours, "collectstatic", "--no-input", "--verbosity", "0")),
    )
    await asyncio.gather(
        house.once(processes.migrate(ours)),
        house.once(processes.buckets(ours)),
    )
    await asyncio.gather(
        house.start(processes.worker(WORKERS, ours)),
        house.start(processes.beat(claim, ours)),
        house.start(processes.web(port, ours)),
    )
    return {"web": f"http://127.0.0.1:{port}", "sandbox": sandbox_url, "broker": broker_url, "database": cluster.url}


def _signing_key(claim: Claim) -> Path:
    """The file with the key that signs the records, made once."""
    path = claim.data_dir / "history-key.pem"
    if not path.exists():
        key = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        claim.write(path.name, key.decode())
    return path


def welcome(addresses: Mapping[str, str], claim: Claim) -> str:
    """What to tell the person who started it."""
    return (
        f"\n  strandsweb is ready: {addresses['web']} (production settings, PostgreSQL, no demo)\n\n"
        "  Make the first account, an administrator's:\n"
        f"    . {quote(str(claim.data_dir / 'production.env'))} && .venv/bin/python manage.py make_administrator NAME\n"
    )
