"""A fuzzer for the engine: random environments, edits, failures, outside changes, cancels and crashes, for ever.

`python -m tests.proof.fuzz --steps 10000` runs until that many steps are done. When an invariant breaks, the shortest
way there that hypothesis finds is written to `var/fuzz-reproducer.py`; `PYTHONPATH=. python` runs it as it is.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from deployments.engine.errors import LostLease
from deployments.engine.events import Code, Event
from deployments.engine.executor import Outcome
from deployments.engine.fake_cloud import FakeCloud
from deployments.engine.fakes import CancelAfter, Killed, NeverCancel, RecordingLedger
from deployments.engine.plan import Action, Plan, PlanKind
from deployments.engine.resources import Resource
from deployments.engine.state import State
from deployments.engine.story import Status
from tests.engine.stage import empty_state, planned, run
from tests.engine.test_properties import assert_told_properly, expected
from tests.engine.worlds import NAMES, TYPES, Spec

REPRODUCER = Path("var/fuzz-reproducer.py")
OPERATIONS = ("Create", "Configure", "Tag", "Delete")
ENDS = st.sampled_from(["end"] * 3 + ["call before", "call after", "commit before", "commit after", "lease", "cancel"])


@st.composite
def wishes(draw: st.DrawFn) -> tuple[Spec, ...]:
    """Up to six resources, each using some that come before it by name; what stays for good uses none.

    The cloud would give up nothing that such a one uses, so that no plan without it could be finished.
    """
    chosen = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=len(NAMES)).map(sorted))
    found = [
        Spec(
            name=name,
            type=draw(st.sampled_from(TYPES)),
            uses=tuple(draw(st.lists(st.sampled_from(chosen[:index]), unique=True, max_size=3))) if index else (),
            variant=draw(st.integers(1, 2)),
            size=draw(st.integers(1, 3)),
            retain=draw(st.integers(0, 4)) == 0,
        )
        for index, name in enumerate(chosen)
    ]
    return tuple(replace(spec, retain=spec.retain and not spec.uses) for spec in found)


class Environment(RuleBasedStateMachine):
    """One environment and its cloud; at most one run is unfinished, and nothing is planned before it has ended."""

    steps_done: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.cloud = FakeCloud(guarded={"Test::Net"})
        self.state: State = empty_state()
        self.wanted: tuple[Resource, ...] = ()
        self.unfinished: tuple[Plan, State, RecordingLedger] | None = None

    @rule(wish=wishes())
    def edit(self, wish: tuple[Spec, ...]) -> None:
        """Somebody saves another configuration."""
        there = frozenset(spec.name for spec in wish)
        self.wanted = tuple(spec.resource(there) for spec in wish)

    @rule(operation=st.sampled_from(OPERATIONS), name=st.sampled_from(NAMES), variant=st.integers(1, 2))
    def break_down(self, operation: str, name: str, variant: int) -> None:
        """The cloud will refuse one call on this resource."""
        self.cloud.fail(operation, f"{name.lower()}-{variant}")
        self.cloud.fail(operation, name)  # rules have no names of their own

    @precondition(lambda self: self.cloud.inventory())
    @rule(which=st.integers(0, 5), how=st.sampled_from(["change", "retag", "remove"]))
    def outside(self, which: int, how: str) -> None:
        """Somebody changes something by hand."""
        things = sorted(self.cloud.inventory().items())
        key, thing = things[which % len(things)]
        kind = key.split("/")[0]
        match how:
            case "change":
                self.cloud.change(kind, thing["name"], Size=99)
            case "retag":
                self.cloud.retag(kind, thing["name"], {"tier": "theirs"})
            case _ if self.unfinished is None:  # what vanishes while a run is under way fails its step, rightly
                self.cloud.remove(kind, thing["name"])

    @precondition(lambda self: self.unfinished is None)
    @rule(destroy=st.integers(0, 4), how=ENDS, number=st.integers(1, 14), parallelism=st.sampled_from([1, 4]))
    def deploy(self, destroy: int, how: str, number: int, parallelism: int) -> None:
        """Plans what is wanted (or the end of it all), and runs it."""
        kind = PlanKind.DESTROY if destroy == 0 else PlanKind.DEPLOY
        plan = planned(() if destroy == 0 else self.wanted, self.state, self.cloud, kind)
        assert Plan.from_dict(plan.as_dict()).digest() == plan.digest()
        self._work(plan, self.state, RecordingLedger(self.state), how, number, parallelism)

    @precondition(lambda self: self.unfinished is not None)
    @rule(how=ENDS, number=st.integers(1, 14), parallelism=st.sampled_from([1, 4]))
    def resume(self, how: str, number: int, parallelism: int) -> None:
        """Another worker takes the run over, and may die in turn."""
        assert self.unfinished is not None
        plan, before, ledger = self.unfinished
        again = RecordingLedger(ledger.state, events=ledger.events)
        self._work(plan, before, again, how, number, parallelism)

    def _work(
        self, plan: Plan, before: State, ledger: RecordingLedger, how: str, number: int, parallelism: int
    ) -> None:
        self.cloud.revive()
        match how:
            case "call before" | "call after":
                self.cloud.die_at(number, after=how == "call after")
            case "commit before" | "commit after":
                ledger.die_at, ledger.die_after = number, how == "commit after"
            case "lease":
                ledger.lose_at = number
        control = CancelAfter(number) if how == "cancel" else NeverCancel()
        # With one step at a time a crash comes at the same place whenever hypothesis repeats it.
        parallelism = parallelism if how == "end" else 1
        self.unfinished = plan, before, ledger
        try:
            outcome = run(plan, ledger, self.cloud, parallelism=parallelism, control=control)
        except (Killed, LostLease):
            self.cloud.revive()
            return
        self.cloud.revive()
        self.unfinished = None
        self.state = outcome.state
        self._ended(plan, before, ledger, outcome)

    def _ended(self, plan: Plan, before: State, ledger: RecordingLedger, outcome: Outcome) -> None:
        assert_told_properly(plan, ledger.events)
        assert ledger.events[-1].code is Code.RUN_ENDED
        assert outcome.state.resources == ledger.state.resources == expected(plan, ledger, before)
        failed = any(event.code is Code.STEP_FAILED for event in ledger.events)
        cancelled = any(event.code is Code.STEP_CANCELLED for event in ledger.events)
        assert outcome.status is (Status.CANCELLED if cancelled else Status.FAILED if failed else Status.SUCCEEDED)
        if any(change.action is not Action.NO_CHANGE for change in plan.changes):
            wrote = any(event.code is Code.STEP_SUCCEEDED or _half_made(event) for event in ledger.events)
            assert outcome.state.serial == before.serial + wrote

    def _recorded(self) -> set[str]:
        return {f"{entry.type}/{entry.physical_id}" for entry in self.state.resources.values()}

    @invariant()
    def events_have_no_gaps(self) -> None:
        """Whoever died and whoever took over: one story."""
        Environment.steps_done += 1
        if self.unfinished:
            events = self.unfinished[2].events
            assert [event.number for event in events] == list(range(1, len(events) + 1))

    @precondition(lambda self: self.unfinished is None)
    @invariant()
    def nothing_is_orphaned(self) -> None:
        """What exists is recorded, also what a creation left that failed half-way."""
        orphans = set(self.cloud.inventory()) - self._recorded()
        assert not orphans, f"nobody knows of {sorted(orphans)}"

    @precondition(lambda self: self.unfinished is None)
    @rule()
    def finish(self) -> None:
        """When nothing fails any more, one run brings everything about, and a plan afterwards is empty."""
        self.cloud._failures.clear()
        self.cloud.revive()
        self.deploy(destroy=1, how="end", number=1, parallelism=4)
        again = planned(self.wanted, self.state, self.cloud)
        assert again.is_empty, [change.as_dict() for change in again.changes if change.action is not Action.NO_CHANGE]
        assert self._recorded() == set(self.cloud.inventory())
        writes = len(self.cloud.writes)
        run(again, RecordingLedger(self.state), self.cloud)
        assert len(self.cloud.writes) == writes


def _half_made(event: Event) -> bool:
    return event.code is Code.STEP_FAILED and "physicalId" in event.data


def fuzz(*, steps: int, first_seed: int, reproducer: Path = REPRODUCER, tell: Callable[[str], None]) -> int:
    """Runs until `steps` are done; answers how many. What breaks an invariant is raised, after it has been written."""
    Environment.steps_done = 0
    number = first_seed
    while Environment.steps_done < steps:
        chosen = settings(
            max_examples=20,
            stateful_step_count=40,
            deadline=None,
            database=None,
            print_blob=False,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        try:
            run_state_machine_as_test(seed(number)(Environment), settings=chosen)
        except BaseException as broken:
            told = "\n".join(getattr(broken, "__notes__", []))
            story = told[max(0, told.find("state = ")) : told.find("state.teardown()")]
            reproducer.parent.mkdir(exist_ok=True)
            reproducer.write_text(f"{HEADER.format(seed=number, error=type(broken).__name__)}\n{story}\n")
            raise
        tell(f"{Environment.steps_done} steps, seed {number}")
        number += 1
    return Environment.steps_done


HEADER = '''"""Breaks an invariant of the engine (seed {seed}): run it from the root of the repository."""

# It ended with {error}.
from tests.engine.worlds import Spec
from tests.proof.fuzz import Environment
'''


def main() -> None:
    """Exit code 0 when nothing broke."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    began = time.monotonic()
    done = fuzz(steps=options.steps, first_seed=options.seed, tell=lambda line: None)
    sys.stdout.write(
        f"{done} steps in {time.monotonic() - began:.0f} s without a violation, from seed {options.seed}\n"
    )


if __name__ == "__main__":
    main()
