"""What pages, access and the audit log take in a large installation, on every database: the run and what it says."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from benchmarks import auditing, deciding, pages
from benchmarks.installations import databases, installations
from benchmarks.world import EMPTY, LARGE, ONE_PAGE, Size, fill


def run(folder: Path, results: Path, *, large: Size = LARGE) -> int:
    """Measures, prints, and writes `results/<time>-scale.json`. 0 when all could be measured: times are for people."""
    print("measuring a large installation", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    decided = deciding.measure()
    print("\n".join(deciding.lines(decided)), flush=True)
    found: list[pages.Page] = []
    written: list[auditing.Auditing] = []
    with databases(folder) as servers:
        for vendor, server in servers.items():
            sizes = (EMPTY, ONE_PAGE, large)
            with installations(vendor, server, [size.name.replace(" ", "-") for size in sizes], folder) as houses:
                for size, house in zip(sizes, houses, strict=True):
                    began = monotonic()
                    house.call(fill, size)
                    print(f"filled {vendor}, {size.name}, in {monotonic() - began:.0f} s", flush=True)
                measured = pages.measure(vendor, *houses, rounds=pages.ROUNDS)
                print("\n".join(["", pages.table(measured), "", *pages.aims(measured)]), flush=True)
                audited = auditing.measure(houses[-1], seconds=auditing.SECONDS, writers=auditing.WRITERS)
                print("\n".join(auditing.lines(audited)), flush=True)
                found += measured
                written.append(audited)
    now = datetime.now(UTC)
    document = {
        "time": now.isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version()},
        "large": asdict(large),
        "pages": [
            asdict(each) | {"over_empty": each.over_empty, "over_one_page": each.over_one_page} for each in found
        ],
        "deciding": [asdict(each) for each in decided],
        "auditing": [asdict(each) for each in written],
    }
    path = results / f"{now:%Y-%m-%dT%H-%M-%SZ}-scale.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n")
    print(f"\nwritten to {os.path.relpath(path)}")
    return 0
