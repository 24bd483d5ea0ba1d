"""A run that cannot go on is given up: closed as failed with the reason, its environment free again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments import leases
from deployments.broadcasts import Announce
from deployments.engine import story
from deployments.engine.clock import SystemClock
from deployments.engine.errors import Category
from deployments.engine.events import Code, Event
from deployments.ledger import DatabaseLedger, events_of
from deployments.models import Deployment, Status

ADVICE = "Plan again: what was under way is looked up by name and taken over."


def park(deployment: Deployment, held: leases.Held, announce: Announce, *, reason: str) -> str:
    """Tells the run to its end without a call: what was under way failed, the rest was cancelled; answers the reason.

    Asks the rows alone, as the plan may be what cannot be read.

    Raises:
        LostLease: another worker holds the environment; nothing was written.
    """
    told = events_of(deployment)
    so_far = story.fold(told)
    steps = dict(deployment.steps.order_by("position").values_list("step_id", "logical_id"))
    pending = [name for name in steps if name in so_far.steps and so_far.steps[name].status is story.Status.RUNNING]
    untouched = [name for name in steps if name not in so_far.steps]
    if pending:
        reason += f" Under way were: {', '.join(pending)}."
    error = {"message": reason, "category": Category.INTERNAL.value, "advice": ADVICE}
    tale = _Tale(len(told))
    if not told:
        tale.tell(Code.RUN_STARTED, {"worker": held.holder, "steps": len(steps)})
    for name in pending:
        tale.tell(Code.STEP_FAILED, {"seconds": None, "error": error}, name, steps[name])
    for name in untouched:
        tale.tell(Code.STEP_CANCELLED, {}, name, steps[name])
    counts = story.fold(tale.events, so_far).counts()
    ended = {status.value: counts[status.value] for status in story.ENDED_AS.values()}
    tale.tell(Code.RUN_ENDED, {"status": Status.FAILED.value, "seconds": 0.0, "counts": ended})
    ledger = DatabaseLedger(
        deployment=deployment, held=held, base_serial=deployment.plan.base_serial, announce=announce
    )
    ledger.commit(tale.events)
    return f"{reason} {ADVICE}"


class _Tale:
    """Events that go on where the run's own stopped."""

    def __init__(self, number: int) -> None:
        self.events: list[Event] = []
        self._number = number
        self._now = SystemClock().now()

    def tell(self, code: Code, data: Mapping[str, Any], step: str = "", logical_id: str = "") -> None:
        self._number += 1
        self.events.append(Event(self._number, self._now, code, step, logical_id, data))
