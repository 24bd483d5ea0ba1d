"""The sandbox's own addresses under /_sandbox: health, latency, faults, calls and inventory."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from strandsweb.sandbox.calls import CallRing
from strandsweb.sandbox.cloud import Cloud
from strandsweb.sandbox.faults import Fault, Faults
from strandsweb.sandbox.inventory import take_inventory
from strandsweb.sandbox.messages import Answer, Request

LATENCY_AT_MOST = 60_000.0  # milliseconds


class Control:
    """Answers the control addresses and keeps the one setting they change, the added latency."""

    def __init__(self, cloud: Cloud, *, latency_ms: float) -> None:
        self._cloud = cloud
        self.latency_ms = latency_ms
        self.faults = Faults()
        self.calls = CallRing()
        self._addresses: dict[tuple[str, str], Callable[[Request], Any]] = {
            ("GET", "health"): self._health,
            ("GET", "latency"): lambda _: {"milliseconds": self.latency_ms},
            ("POST", "latency"): self._set_latency,
            ("GET", "faults"): lambda _: {"faults": [asdict(fault) for fault in self.faults.waiting()]},
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "calls"): lambda request: self.calls.since(int(request.parameters().get("since", "0"))),
            ("GET", "inventory"): self._inventory,
        }

    def answer(self, request: Request) -> Answer:
        name = request.path.removeprefix("/_sandbox/").rstrip("/")
        address = self._addresses.get((request.method, name))
        if address is None:
            known = any(known_name == name for _, known_name in self._addresses)
            return _json({"error": "Method not allowed." if known else "No such address."}, 405 if known else 404)
        try:
            return _json(address(request))
        except ValueError as error:
            return _json({"error": str(error)}, 400)

    def _health(self, _: Request) -> dict[str, Any]:
        cloud = self._cloud
        return {
            "status": "ok",
            "journal_records": cloud.journal_records,
            "replayed": cloud.replayed,
            "diverged": cloud.diverged,
        }

    def _set_latency(self, request: Request) -> dict[str, Any]:
        given = json.loads(request.body)
        value = given.get("milliseconds") if isinstance(given, dict) else None
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
            or not 0 <= value <= LATENCY_AT_MOST
        ):
            raise ValueError(f'Send {{"milliseconds": number}} from 0 to {LATENCY_AT_MOST:.0f}.')
        self.latency_ms = value
        return {"milliseconds": value}

    def _add_fault(self, request: Request) -> dict[str, Any]:
        fault = Fault.from_json(json.loads(request.body))
        self.faults.add(fault)
        return asdict(fault)

    def _clear_faults(self, _: Request) -> dict[str, Any]:
        self.faults.clear()
        return {"faults": []}

    def _inventory(self, _: Request) -> dict[str, Any]:
        with self._cloud.lock:
            return {"accounts": take_inventory()}


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(status, (("Content-Type", "application/json"),), json.dumps(value).encode())
