"""Which journeys are made, how often, and whether there is time for another."""

from __future__ import annotations

import itertools
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from django.conf import settings

from benchmarks.journey import BenchFailed, Clouds, Journey, Measurement
from benchmarks.report import Row, aims, kept_aims, table
from benchmarks.subjects import Subject

REPEATS = 3
REPEATED_UP_TO = 10  # agents; larger projects are measured once
FIRST_ACCOUNT = 200000000001


def run(
    chosen: Sequence[Subject],
    clouds: Clouds,
    *,
    latencies_ms: Sequence[int],
    minutes: float,
    parallelism: int | None,
    results: Path,
) -> int:
    """Measures everything there is time for; prints, and writes `results/<time>.json`. The exit code."""
    settings.RUN_PARALLELISM = parallelism or settings.RUN_PARALLELISM
    until = monotonic() + 60 * minutes
    accounts = itertools.count(FIRST_ACCOUNT)
    rows: list[Row] = []
    failures: list[str] = []
    for subject in chosen:
        journey = Journey(subject, clouds, accounts)
        clouds.delay(0)
        if subject is chosen[0]:
            for _ in journey.go():  # not measured: loads what is loaded once in a process
                pass
        took = 0.0
        for latency_ms in latencies_ms:
            repeats = REPEATS if subject.agents <= REPEATED_UP_TO else 1
            found: list[list[Measurement]] = []
            for _ in range(repeats):
                if monotonic() + 2 * took > until:
                    failures.append(f"{subject.name} at {latency_ms} ms: no time left")
                    break
                began = monotonic()
                print(f"measuring {subject.name} at {latency_ms} ms", flush=True)
                clouds.delay(latency_ms)
                try:
                    found.append(list(journey.go()))
                except (BenchFailed, TimeoutError) as failure:
                    failures.append(str(failure))
                except KeyboardInterrupt:  # what there is, is still printed
                    until = 0.0
                    failures.append(f"{subject.name} at {latency_ms} ms: interrupted")
                took = monotonic() - began
            rows += [Row(subject.name, subject.agents, latency_ms, same) for same in zip(*found, strict=True)]
    print(f"\n{table(rows)}\n")
    said = [*aims(rows), *failures]
    print("\n".join(said))
    path = _keep(rows, failures, results)
    print(f"\nwritten to {os.path.relpath(path)}")
    return 0 if rows and not failures and kept_aims(rows) else 1


def _keep(rows: Sequence[Row], failures: Sequence[str], results: Path) -> Path:
    now = datetime.now(UTC)
    document: dict[str, Any] = {
        "time": now.isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version()},
        "parallelism": settings.RUN_PARALLELISM,
        "failures": list(failures),
        "rows": [row.as_dict() | {"measurements": [asdict(one) for one in row.measurements]} for row in rows],
    }
    path = results / f"{now:%Y-%m-%dT%H-%M-%SZ}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n")
    return path
