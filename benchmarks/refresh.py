"""Reading everything recorded, beside the floor: the very same calls by bare boto3, as many at once as it can."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.floor import Floor, Replayer
from benchmarks.journey import REGION, Clouds, Journey
from benchmarks.recording import RecordedCall, Recorder
from benchmarks.subjects import Subject, synthetic
from deployments import clouds as doors
from deployments import states
from deployments.aws.credentials import SANDBOX_KEYS, Access, session_for
from deployments.aws.refresh import read_all
from projects.models import Environment

AGENTS = 125  # of which 1,000 resources come, and a few more
AIM = 3.0
FIRST_ACCOUNT = 210000000001
RESOURCES = 1000
REPEATS = 3
_HEAD = "resources   ms  tags from  ours/floor  ours s  best-worst  floor s  calls  single"


@dataclass(frozen=True, slots=True)
class Refresh:
    """One way of reading at one latency. `seconds` of the wall, the best first, beside the floors measured after each.

    `single` is how many calls it were if every resource were read by itself.
    """

    latency_ms: int
    tags_at_source: bool
    resources: int
    seconds: Sequence[float]
    floors: Sequence[Floor]
    calls: int
    writes: int
    single: int

    @property
    def ratio(self) -> float:
        """Ours over the floor, of the medians."""
        return median(self.seconds) / median(floor.seconds for floor in self.floors)


def run(clouds: Clouds, folder: Path, *, latencies_ms: Sequence[int], results: Path) -> int:
    """Measures, prints, and writes `results/<time>-refresh.json`; 0 when nothing was written to AWS, else 1."""
    print(f"measuring refreshes of {RESOURCES} resources", flush=True)
    subject = synthetic(AGENTS, folder / "bench-refresh")
    rows = measure(subject, clouds, itertools.count(FIRST_ACCOUNT), latencies_ms)
    print("\n".join(["", table(rows), "", *aims(rows)]))
    path = results / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}-refresh.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps([asdict(row) | {"ratio": row.ratio} for row in rows], indent=1) + "\n")
    return int(any(row.writes for row in rows))


def measure(
    subject: Subject, clouds: Clouds, accounts: Iterator[int], latencies_ms: Sequence[int], resources: int = RESOURCES
) -> list[Refresh]:
    """Deploys the subject once and reads `resources` of it, with AWS's index of tags and without.

    Raises:
        BenchFailed: the subject could not be deployed.
    """
    clouds.delay(0)
    environment = Journey(subject, clouds, accounts).deploy()
    single = len(_read(environment, resources, alone=True)[1])
    found = []
    for latency_ms in latencies_ms:
        clouds.delay(latency_ms)
        for tags_at_source in (False, True):
            seconds, floors, calls, count = [], [], [], 0
            for _ in range(REPEATS):
                took, calls, count = _read(environment, resources, tags_at_source=tags_at_source)
                seconds.append(took)
                floors.append(_replayer(environment, clouds).replay(calls, {}))
            writes = sum(call.write for call in calls)
            found.append(
                Refresh(latency_ms, tags_at_source, count, sorted(seconds), floors, len(calls), writes, single)
            )
    clouds.delay(0)
    return found


def table(rows: Sequence[Refresh]) -> str:
    """For people."""
    lines = [_HEAD]
    for row in rows:
        spread = f"{row.seconds[0]:.2f}-{row.seconds[-1]:.2f}"
        source = "services" if row.tags_at_source else "index"
        floor = median(floor.seconds for floor in row.floors)
        lines.append(
            f"{row.resources:9} {row.latency_ms:4}  {source:9}  {row.ratio:10.2f}  {median(row.seconds):6.2f}"
            f"  {spread:>10}  {floor:7.2f}  {row.calls:5}  {row.single:6}"
        )
    return "\n".join(lines)


def aims(rows: Sequence[Refresh]) -> list[str]:
    """Whether each is met, in a sentence."""
    worst = max(row.ratio for row in rows)
    writes = sum(row.writes for row in rows)
    return [
        f"refresh: at most {worst:.2f} times the floor; the aim is {AIM:.2f}: {'met' if worst <= AIM else 'MISSED'}",
        f"refresh: {writes} write calls; the aim is none: {'met' if not writes else 'MISSED'}",
    ]


def _read(
    environment: Environment, resources: int, *, tags_at_source: bool = False, alone: bool = False
) -> tuple[float, list[RecordedCall], int]:
    """Seconds, calls, and how many resources were read."""
    entries = list(states.load(environment).resources.values())[:resources]
    recorder = Recorder()
    with recorder.listening(), doors.reach(environment, purpose="bench", reading=True) as provisioners:
        began = perf_counter()
        if alone:
            for entry in entries:
                provisioners[entry.type].read(entry.physical_id, entry.properties)
        else:
            read_all(entries, provisioners, tags_at_source=tags_at_source)
        took = perf_counter() - began
        calls = [call for call in recorder.take() if call.task]  # the others got credentials
    return took, calls, len(entries)


def _replayer(environment: Environment, clouds: Clouds) -> Replayer:
    access = Access(
        account=environment.account,
        region=REGION,
        session_name="floor",
        role_arn=f"arn:aws:iam::{environment.account}:role/floor",
        endpoint_url=clouds.ours,
        keys=SANDBOX_KEYS,
    )
    return Replayer(session_for(access), clouds.ours)
