"""A plan carried out: as parallel as its steps allow, durable before and after each, one thread that writes.

Each tick gathers what the worker threads told, decides what that means for other steps, makes all of it durable
with one commit, and only then starts what the commit says is started. So a step's intent is durable before its
first call, its outcome before anything that depends on it, and a thousand steps do not cost a thousand commits.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from deployments.engine import graph
from deployments.engine.clock import seconds_between
from deployments.engine.errors import PlanMismatch
from deployments.engine.events import Code, Event
from deployments.engine.inbox import Ended, Heard, Inbox
from deployments.engine.intrinsics import recorded_lookup, resolve
from deployments.engine.journal import Journal
from deployments.engine.plan import Action, Plan
from deployments.engine.ports import Clock, Control, Ledger, Made, Provisioners
from deployments.engine.state import State, StateResource, replacer_of
from deployments.engine.steps import Operation, Step, needs, steps_of, users
from deployments.engine.story import ENDED_AS, Status
from deployments.engine.work import Bench, carry_out, recorded_as, token_of

ASK_SECONDS = 0.25  # how often the control is asked while nothing happens


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: `status` succeeded, failed or cancelled; the state after it; steps by how they ended."""

    status: Status
    state: State
    counts: Mapping[str, int]
    seconds: float


def execute(
    *,
    plan: Plan,
    state: State,
    provisioners: Provisioners,
    ledger: Ledger,
    clock: Clock,
    control: Control,
    inbox: Inbox,
    parallelism: int,
    worker: str,
    run_token: str,
    told: Sequence[Event] = (),
) -> Outcome:
    """Carries out a plan from the calling thread, with up to `parallelism` steps at a time.

    A step that fails stops only what needs it. `inbox` is the listener that the provisioners were made with.
    To resume a run, `told` are all its earlier events and `state` is what is recorded now: steps that ended are not
    repeated, those that only started are looked up and finished.

    Raises:
        PlanMismatch: the plan was made from another state, or needs a provisioner that is not there; nothing was done.
        LostLease, or whatever else the ledger or the control raises: nothing more was written, and calls under way
            were waited for.
    """
    steps = steps_of(plan)
    if not told and state.digest() != plan.subject.base_digest:
        raise PlanMismatch(
            f"the plan was made from state {plan.subject.base_serial}, the environment is at {state.serial} now"
        )
    types = {change.type for change in plan.changes} | {resource.type for resource in state.resources.values()}
    if missing := sorted(name for name in types if name not in provisioners):
        raise PlanMismatch(f"there is no provisioner for {', '.join(missing)}")
    journal = Journal(state.resources, ledger, clock)
    bench = Bench(
        provisioners=provisioners,
        resources=journal.resources,
        lookup=recorded_lookup(journal.resources, region=state.region, account=state.account),
        gone=frozenset(change.logical_id for change in plan.changes if change.action is Action.DELETE),
        former=_former(state),
        inbox=inbox,
        clock=clock,
        run_token=run_token,
    )
    return _Run(plan, steps, state, journal, bench, control).to_the_end(told, parallelism, worker)


def _former(state: State) -> Mapping[str, list[StateResource]]:
    """By logical id, the old resources of it that are still there."""
    found: dict[str, list[StateResource]] = {}
    for name, resource in state.resources.items():
        if replacer := replacer_of(name):
            found.setdefault(replacer, []).append(resource)
    return found


class _Run:
    """The writing thread's knowledge of one run."""

    def __init__(
        self, plan: Plan, steps: Sequence[Step], state: State, journal: Journal, bench: Bench, control: Control
    ) -> None:
        self._plan = plan
        self._state = state
        self._journal = journal
        self._bench = bench
        self._clock = bench.clock
        self._control = control
        self._steps = {step.id: step for step in steps}
        self._users = users(plan.changes)
        edges = needs(steps)
        self._dependants = graph.reverse(edges)
        self._missing = {step.id: len(set(step.needs)) for step in steps}
        self._blamed: dict[str, set[str]] = {}  # the failed steps that a step cannot run because of
        self._rank = {step_id: (-height, step_id) for step_id, height in graph.heights(edges).items()}
        self._ready: list[tuple[bool, tuple[int, str]]] = []  # a heap: longest chain behind it first
        self._pending: set[str] = set()  # started by an earlier worker, never heard of again
        self._ended: dict[str, Code] = {}
        self._running: set[str] = set()
        self._cancelled = False
        self._began = self._clock.now()
        journal.wrote = state.serial > plan.subject.base_serial  # by an earlier worker

    def to_the_end(self, told: Sequence[Event], parallelism: int, worker: str) -> Outcome:
        """Starts or resumes, and runs until every step has ended."""
        for event in told:
            self._recall(event)
        if told and told[-1].code is Code.RUN_ENDED:
            return self._outcome(told[-1].data["seconds"])
        if told:
            self._journal.note(Code.RUN_RESUMED, {"worker": worker, "pending": sorted(self._pending)})
        else:
            self._journal.note(Code.RUN_STARTED, {"worker": worker, "steps": len(self._steps)})
            self._refresh()
        self._ready = [
            (step_id not in self._pending, self._rank[step_id])
            for step_id, missing in self._missing.items()
            if not missing and step_id not in self._ended
        ]
        heapq.heapify(self._ready)
        with ThreadPoolExecutor(max_workers=parallelism, thread_name_prefix="step") as pool:
            while True:
                self._heed()
                starting = self._start(parallelism)
                if not self._running:
                    break
                if self._journal.seconds_left() == 0.0:
                    self._journal.commit()
                for step in starting:
                    pool.submit(carry_out, step, self._bench, repeated=step.id in self._pending)
                self._listen()
        outcome = self._outcome(seconds_between(self._began, self._clock.now()))
        told_at_last = {"status": outcome.status.value, "seconds": outcome.seconds, "counts": dict(outcome.counts)}
        self._journal.note(Code.RUN_ENDED, told_at_last)
        self._journal.commit()
        return outcome

    # What was told before.

    def _recall(self, event: Event) -> None:
        self._journal.number = event.number
        match event.code:
            case Code.RUN_STARTED:
                self._began = event.time
            case Code.RUN_CANCELLING:
                self._cancelled = True
            case Code.STEP_STARTED:
                self._pending.add(event.step)
            case Code.STEP_SUCCEEDED | Code.STEP_FAILED | Code.STEP_SKIPPED | Code.STEP_CANCELLED:
                self._pending.discard(event.step)
                self._journal.wrote = self._journal.wrote or event.code is Code.STEP_SUCCEEDED
                self._settle(event.step, event.code, set(event.data.get("because", [event.step])))
            case _:
                pass

    def _refresh(self) -> None:
        """What does not change may still be configured differently than recorded (its stack, what it needs)."""
        for change in self._plan.changes:
            if change.target and change.action is Action.NO_CHANGE:
                recorded = self._journal.resources[change.logical_id]
                entry = recorded_as(
                    change.target,
                    Made(recorded.physical_id, recorded.attributes),
                    properties=resolve(change.target.properties, self._bench.lookup),
                    dependencies=change.dependencies,
                )
                if entry != recorded:
                    self._journal.put(entry)

    # One tick: heed, start, commit, listen.

    def _heed(self) -> None:
        """Whoever asks to stop is obeyed once: what has not started will not start."""
        by = self._control.cancelled_by()  # asked to the end: it is the control's heartbeat, too
        if by is None or self._cancelled:
            return
        self._cancelled = True
        self._journal.note(Code.RUN_CANCELLING, {"by": by})
        begun = {*self._ended, *self._running, *self._pending}
        rest = [step_id for step_id in self._steps if step_id not in begun]
        self._ended |= dict.fromkeys(rest, Code.STEP_CANCELLED)  # all at once, so that none is skipped for another
        for step_id in rest:
            self._end(step_id, Code.STEP_CANCELLED, {step_id}, {})
        self._ready = [entry for entry in self._ready if entry[1][1] in self._pending]
        heapq.heapify(self._ready)

    def _start(self, parallelism: int) -> list[Step]:
        """Takes ready steps while there is room; their intents go into the next commit."""
        starting = []
        while self._ready and len(self._running) < parallelism:
            step = self._steps[heapq.heappop(self._ready)[1][1]]
            self._running.add(step.id)
            starting.append(step)
            if step.id in self._pending:
                continue
            recorded = self._journal.resources.get(step.entry)
            intent = {
                "action": step.change.action.value,
                "type": step.change.type,
                "operation": step.operation.value,
                "physicalId": recorded.physical_id if recorded else step.change.physical_id,
                "token": token_of(self._bench.run_token, step.id),
            }
            self._journal.note(Code.STEP_STARTED, intent, step=step.id, logical_id=step.logical_id)
        return starting

    def _listen(self) -> None:
        left = self._journal.seconds_left()
        for item in self._bench.inbox.empty(ASK_SECONDS if left is None else min(ASK_SECONDS, left)):
            if isinstance(item, Heard):
                self._journal.note(item.code, item.data, time=item.time, step=item.step, logical_id=item.logical_id)
            else:
                self._take(item)

    def _take(self, ended: Ended) -> None:
        """A step's outcome, and what it means for the steps that wait for it."""
        if ended.death:
            raise ended.death
        step = ended.step
        self._running.discard(step.id)
        if ended.error:
            data: dict[str, Any] = {"seconds": ended.seconds, "error": dict(ended.error)}
            if ended.put:
                self._put(step, ended.put)
                data["physicalId"] = ended.physical_id
            self._end(step.id, Code.STEP_FAILED, {step.id}, data, ended.time)
            return
        if ended.put:
            self._put(step, ended.put)
        else:
            self._journal.remove(step.entry)
        data = {"physicalId": ended.physical_id, "seconds": ended.seconds, "adopted": ended.adopted}
        self._end(step.id, Code.STEP_SUCCEEDED, set(), data, ended.time)

    def _put(self, step: Step, made: StateResource) -> None:
        """The state has what was made; what it takes the place of is kept until it is deleted."""
        aside = step.change.replaced_as
        if aside and step.operation is Operation.CREATE:
            former = self._journal.resources[step.logical_id]
            if (former.type, former.physical_id) != (made.type, made.physical_id):
                self._journal.put(replace(former, logical_id=aside, retain=False))
                self._still_used(step.logical_id, aside)
        self._journal.put(made)

    def _still_used(self, logical_id: str, aside: str) -> None:
        """Until they have moved to the new resource, or are gone, its users need the old one."""
        for user in self._users.get(logical_id, ()):
            for name in (user.logical_id, user.replaced_as or ""):
                entry = self._journal.resources.get(name)
                if entry and logical_id in entry.dependencies and user.action is not Action.NO_CHANGE:
                    renamed = tuple(aside if need == logical_id else need for need in entry.dependencies)
                    self._journal.put(replace(entry, dependencies=renamed))

    # How steps hang together.

    def _end(self, step_id: str, code: Code, blame: set[str], data: Mapping[str, Any], time: str = "") -> None:
        """A step has ended; those that only waited for it are free, or are skipped, and so on down the graph."""
        ends = [(step_id, code, blame, data)]
        while ends:
            step_id, code, blame, data = ends.pop()
            self._journal.note(code, data, time=time, step=step_id, logical_id=self._steps[step_id].logical_id)
            for freed in self._settle(step_id, code, blame):
                if roots := self._blamed.get(freed):
                    ends.append((freed, Code.STEP_SKIPPED, roots, {"because": sorted(roots)}))
                else:
                    heapq.heappush(self._ready, (freed not in self._pending, self._rank[freed]))

    def _settle(self, step_id: str, code: Code, blame: set[str]) -> list[str]:
        """Notes the end of a step and answers the steps that now wait for none."""
        self._ended[step_id] = code
        freed = []
        for dependant in self._dependants[step_id]:
            self._missing[dependant] -= 1
            if code is not Code.STEP_SUCCEEDED:
                self._blamed.setdefault(dependant, set()).update(blame)
            if not self._missing[dependant] and dependant not in self._ended:
                freed.append(dependant)
        return freed

    def _outcome(self, seconds: float) -> Outcome:
        wrote = self._journal.wrote
        seen = Counter(ENDED_AS[code] for code in self._ended.values())
        counts = {status.value: seen[status] for status in ENDED_AS.values()}
        status = Status.SUCCEEDED
        if seen[Status.CANCELLED]:
            status = Status.CANCELLED
        elif seen[Status.FAILED]:
            status = Status.FAILED
        state = replace(
            self._state,
            serial=self._plan.subject.base_serial + 1 if wrote else self._state.serial,
            timestamp=self._clock.now() if wrote else self._state.timestamp,
            resources=dict(self._journal.resources),
        )
        return Outcome(status=status, state=state, counts=counts, seconds=seconds)
