"""How much the engine bears: planning, steps, memory, workers; each as a line that names its aim."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

from benchmarks import engine, subjects
from benchmarks.journey import BenchFailed, Clouds
from benchmarks.workers import AIM_PEAK_MB, ENVIRONMENTS, MEMORY_AGENTS, WORKERS, Yard

FIRST_ACCOUNT = 300000000001
LATENCY_MS = 100  # for several workers, as without any the sandbox alone would be measured
NOT_MEASURED = "not measured"


def run(clouds: Clouds, folder: Path) -> int:
    """Prints everything; 0 when all of it could be measured. Aims are for people to judge."""
    print("measuring the engine", flush=True)
    code = 0
    for line in lines(clouds, folder, itertools.count(FIRST_ACCOUNT)):
        print(line, flush=True)
        code = code or int(line.startswith(NOT_MEASURED))
    return code


def lines(clouds: Clouds, folder: Path, accounts: Iterator[int]) -> Iterator[str]:
    """One line after the other, as they are measured."""
    clouds.delay(0)
    yield from _planning()
    yard = Yard(accounts)
    for cost in (engine.overhead(), yard.overhead(subjects.sample())):
        met = _met(cost.per_step < engine.AIM_STEP_SECONDS)
        yield (
            f"a step beyond its bare call, {cost.steps} steps, ledger in {cost.ledger}: {1000 * cost.per_step:.2f} ms "
            f"(aim under {1000 * engine.AIM_STEP_SECONDS:.0f} ms: {met})"
        )
    try:
        memory = yard.memory(subjects.synthetic(MEMORY_AGENTS, folder / "memory"))
        met = _met(memory.peak_mb < AIM_PEAK_MB)
        yield f"most memory of a worker, {memory.steps} steps: {memory.peak_mb} MB (aim under {AIM_PEAK_MB} MB: {met})"
        clouds.delay(LATENCY_MS)
        yield from _throughput(yard)
    except BenchFailed as failure:
        yield f"{NOT_MEASURED}: {failure}"


def _planning() -> Iterator[str]:
    first = 0.0
    for size in engine.SIZES:
        took = engine.planning(size)
        each = 1e6 * took.worst / size
        first = first or each
        yield (
            f"planning {size:>6} resources: {took.new_seconds:.2f} s new, {took.unchanged_seconds:.2f} s unchanged, "
            f"{took.changed_seconds:.2f} s all changed; {each:.0f} us for each, {each / first:.2f} of the first line's"
        )
    met = _met(took.worst < engine.AIM_PLANNING_SECONDS)
    yield f"planning {engine.SIZES[-1]} resources (aim under {engine.AIM_PLANNING_SECONDS} s: {met})"


def _throughput(yard: Yard) -> Iterator[str]:
    alone = 0.0
    for workers in WORKERS:
        found = yard.throughput(subjects.sample(), workers)
        alone = alone or found.per_second
        yield (
            f"{ENVIRONMENTS} environments, {workers} worker{'s' if workers > 1 else ''}: {found.steps} steps in "
            f"{found.seconds:.1f} s, {found.per_second:.0f} a second, {found.per_second / alone:.2f} of one worker's"
        )


def _met(holds: bool) -> str:
    return "met" if holds else "MISSED"
