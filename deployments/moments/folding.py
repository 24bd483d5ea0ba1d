"""The state in the middle of a run: what was there before, with what had ended by then laid on (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from deployments.engine.state import State, StateResource

_ENDED = frozenset({"step.succeeded", "step.failed"})
_ENDS = _ENDED | {"step.skipped", "step.cancelled"}


@dataclass(frozen=True, slots=True)
class Middle:
    """A run at one moment: the state then, how many steps had ended, and how many there are in all.

    `under_way` are the logical ids that were being worked on, `done` and `failed` those whose steps had ended so.
    """

    state: State
    ended: int
    steps: int
    under_way: frozenset[str]
    done: frozenset[str]
    failed: frozenset[str]


def in_the_middle(
    before: State,
    after: State,
    changes: Iterable[Mapping[str, Any]],
    events: Iterable[Mapping[str, Any]],
    moment: datetime,
) -> Middle:
    """What the run had made of `before` by that moment.

    `after` is the state the run led to (or has led to by now), `changes` are the plan's as dicts, `events` the run's as
    dicts in their order. Of each resource there is either what was before or what came out of its step.
    """
    aside = {change["logicalId"]: change["replacedAs"] for change in changes if change.get("replacedAs")}
    resources = dict(before.resources)
    steps, ended = 0, 0
    under_way: dict[str, str] = {}
    done: set[str] = set()
    failed: set[str] = set()
    for event in events:
        if datetime.fromisoformat(event["time"]) > moment:
            break
        code, step, name = event["code"], event["step"], event["logicalId"]
        if code == "run.started":
            steps = event["data"].get("steps", 0)
        elif code == "step.started":
            under_way[step] = name
        elif code in _ENDS:
            ended += 1
            under_way.pop(step, None)
        if code in _ENDED:
            (done if code == "step.succeeded" else failed).add(name)
            _lay_on(resources, step, name, aside.get(name), after.resources, code == "step.succeeded")
    return Middle(
        state=replace(before, resources=dict(sorted(resources.items()))),
        ended=ended,
        steps=max(steps, ended),
        under_way=frozenset(under_way.values()),
        done=frozenset(done),
        failed=frozenset(failed),
    )


def _lay_on(
    resources: dict[str, StateResource],
    step: str,
    name: str,
    aside: str | None,
    after: Mapping[str, StateResource],
    succeeded: bool,
) -> None:
    if step.startswith("delete:"):
        if succeeded:
            resources.pop(aside or name, None)
        return
    if aside and succeeded and name in resources:
        resources[aside] = replace(resources[name], logical_id=aside)
    if name in after:
        resources[name] = after[name]
