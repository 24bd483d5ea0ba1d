"""A create, update or delete cut off after any of its calls is finished by the next attempt; nothing is made twice.

After a call is also before the one that follows, so every point between calls is tried once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any

import pytest

from deployments.aws.calls import Aws
from deployments.aws.registry import KINDS
from deployments.engine.plan import Action
from tests.aws import cases
from tests.aws.conftest import Recording
from tests.engine.provisioner_contract import Case, planned, recorded, target

MOST_CALLS = 12


class Killed(BaseException):
    """The worker dies here."""


@dataclass
class Killer:
    """Dies after the given call, counted from when it is armed."""

    call: int = 0
    seen: int = 0
    dead: bool = False

    def __post_init__(self) -> None:
        self._lock = Lock()

    def around(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            with self._lock:
                if self.dead:
                    raise Killed
                self.seen += 1
                mine = self.seen == self.call
                if mine:
                    self.dead = True
            answer = original(*args, **kwargs)
            if mine:
                raise Killed
            return answer

        return call


def attempt(aws: Aws, killer: Killer, action: Callable[[], Any]) -> bool:
    """Whether the action ended, with the killer in the way."""
    original = aws._call
    aws._call = killer.around(original)  # type: ignore[method-assign]
    try:
        action()
        return True
    except Killed:
        return False
    finally:
        aws._call = original  # type: ignore[method-assign]


@pytest.fixture
def case(aws: Aws, listener: Recording, type_name: str) -> Case:
    return cases.case(aws, listener, type_name)


@pytest.mark.parametrize("type_name", sorted(KINDS))
def test_create_interrupted_at_every_call_is_finished_by_the_next(aws: Aws, case: Case, type_name: str) -> None:
    for call in range(1, MOST_CALLS):
        wanted = target(case.wanted)
        finished = attempt(aws, Killer(call), partial(case.provisioner.create, wanted))
        made = case.provisioner.create(wanted)
        change = planned(case, case.wanted, made, case.wanted)
        assert (change.action, change.properties) == (Action.NO_CHANGE, ()), f"call {call}"
        case.provisioner.delete(recorded(case.wanted, made))
        assert case.provisioner.find(wanted) is None, f"a second one was made at call {call}"
        if finished:
            assert call > 1
            return
    raise AssertionError("more calls than expected")


@pytest.mark.parametrize("type_name", sorted(cases.CHANGED))
def test_update_interrupted_at_every_call_is_finished_by_the_next(aws: Aws, case: Case, type_name: str) -> None:
    assert case.changed is not None
    other = case.changed
    made = case.provisioner.create(target(case.wanted))
    for call in range(1, MOST_CALLS):
        live = case.provisioner.read(made.physical_id, other.properties)
        assert live is not None
        finished = attempt(aws, Killer(call), partial(case.provisioner.update, target(other), live))
        again = case.provisioner.read(made.physical_id, other.properties)
        assert again is not None
        case.provisioner.update(target(other), again)
        assert planned(case, other, made, other).action is Action.NO_CHANGE, f"call {call}"
        back = case.provisioner.read(made.physical_id, {**other.properties, **case.wanted.properties})
        assert back is not None
        case.provisioner.update(target(case.wanted), back)
        assert planned(case, case.wanted, made, case.wanted).action is Action.NO_CHANGE
        if finished:
            assert call > 1
            return
    raise AssertionError("more calls than expected")


@pytest.mark.parametrize("type_name", sorted(KINDS))
def test_delete_interrupted_at_every_call_is_finished_by_the_next(aws: Aws, case: Case, type_name: str) -> None:
    for call in range(1, MOST_CALLS):
        made = case.provisioner.create(target(case.wanted))
        entry = recorded(case.wanted, made)
        finished = attempt(aws, Killer(call), partial(case.provisioner.delete, entry))
        case.provisioner.delete(entry)
        assert case.provisioner.read(made.physical_id, case.wanted.properties) is None, f"call {call}"
        if finished:
            assert call > 1
            return
    raise AssertionError("more calls than expected")
