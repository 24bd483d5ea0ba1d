"""The structural difference of two large states beside deepdiff's, in one process: seconds, and memory on top.

The states are made up from a seed: what agents are deployed as (`engine.estate`), and a second one in which some of it
was changed, added, removed and put in another order.
"""

from __future__ import annotations

import gc
import json
import random
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from time import process_time
from typing import Any

from benchmarks.engine import as_deployed, estate, nothing, plan_of
from history.diffing import apply, diff, edits

SEED = 20261121
RESOURCES = 1_000
REPEATS = 3
AIM_TIMES_FASTER = 20.0
AIM_EXTRA_MB = 60.0

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians of `REPEATS`: seconds of the processor, and the most memory at once that is not the states'."""

    resources: int
    rows: int
    ours_seconds: float
    ours_mb: float
    deepdiff_seconds: float
    deepdiff_mb: float

    @property
    def times_faster(self) -> float:
        """How many of ours fit into one of deepdiff's."""
        return self.deepdiff_seconds / self.ours_seconds


def states(resources: int = RESOURCES, seed: int = SEED) -> tuple[Json, Json]:
    """Two state files that share no object, as if read from a store: `resources` each, about a fifth of them differ."""
    state, _ = as_deployed(plan_of(estate(resources), nothing(), {}))
    text = json.dumps(state.as_dict())
    before, after = json.loads(text), json.loads(text)
    chance = random.Random(seed)
    for stack in sorted(after["stacks"]):
        entries = after["stacks"][stack]["resources"]
        for name in sorted(entries):
            if chance.random() < 0.2:
                _change(entries, name, chance)
    return before, after


def _change(entries: Json, name: str, chance: random.Random) -> None:
    entry = entries[name]
    properties = entry["properties"]
    match entry["type"]:
        case "AWS::Lambda::Function":
            properties["MemorySize"] = chance.choice((256, 1024, 2048))
            properties["Environment"]["Variables"][f"ADDED_{chance.randrange(100)}"] = "yes"
        case "AWS::IAM::Role":
            statements = properties["Policies"][0]["PolicyDocument"]["Statement"]
            statements.reverse()
            statements[0]["Action"] = [*statements[0]["Action"], f"sqs:Send{chance.randrange(100)}"]
        case "AWS::SQS::Queue" if chance.random() < 0.3:
            entries[f"{name}Copy"] = {**entry, "physicalId": f"{entry['physicalId']}-copy"}
        case "AWS::CloudWatch::Alarm" if chance.random() < 0.3:
            del entries[name]
        case _:
            entry["tags"] = {**entry.get("tags", {}), "strands:version": str(chance.randrange(100))}


def measure(resources: int = RESOURCES, repeats: int = REPEATS) -> Figures:
    """Both differences of the same two states, by turns.

    Raises:
        ImportError: deepdiff is not installed; it is among the development dependencies.
    """
    from deepdiff import DeepDiff

    before, after = states(resources)
    assert apply(diff(before, after), before) == after

    def ours() -> list[Any]:
        return list(edits(diff(before, after), before))

    def theirs() -> Any:
        return DeepDiff(before, after)

    times = [(_seconds(ours), _seconds(theirs)) for _ in range(repeats)]
    return Figures(
        resources=resources,
        rows=len(ours()),
        ours_seconds=median(mine for mine, _ in times),
        ours_mb=_extra_mb(ours),
        deepdiff_seconds=median(other for _, other in times),
        deepdiff_mb=_extra_mb(theirs),
    )


def lines(figures: Figures) -> Iterator[str]:
    """The figures beside their aims."""
    yield (
        f"difference of two states of {figures.resources} resources, {figures.rows} rows: ours "
        f"{1000 * figures.ours_seconds:.1f} ms, deepdiff {1000 * figures.deepdiff_seconds:.0f} ms, "
        f"{figures.times_faster:.0f} times faster (aim {AIM_TIMES_FASTER:.0f})"
    )
    yield (
        f"memory beyond the states: ours {figures.ours_mb:.1f} MB (aim under {AIM_EXTRA_MB:.0f}), "
        f"deepdiff {figures.deepdiff_mb:.1f} MB"
    )


def _seconds(work: Callable[[], object]) -> float:
    gc.collect()
    began = process_time()
    work()
    return process_time() - began


def _extra_mb(work: Callable[[], object]) -> float:
    """The highest that memory rises while it works, megabytes of a million bytes."""
    gc.collect()
    tracemalloc.start()
    try:
        result = work()
        _, peak = tracemalloc.get_traced_memory()
        del result
    finally:
        tracemalloc.stop()
    return peak / 1e6
