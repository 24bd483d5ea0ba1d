"""Telling pages in the background: nothing is lost, and nobody waits for it."""

from __future__ import annotations

from threading import Event
from typing import Any

from deployments.broadcasts import in_background


def test_what_comes_while_it_is_busy_is_told_together_and_all_of_it_before_the_end() -> None:
    told: list[dict[str, Any]] = []
    busy, free = Event(), Event()

    def slow(**news: Any) -> None:
        told.append(news)
        busy.set()
        free.wait(10)

    with in_background(slow) as announce:
        announce(deployment_id=1, first=1, last=1, logical_ids={"A"})
        assert busy.wait(10)
        announce(deployment_id=1, first=2, last=2, logical_ids={"B"})
        announce(deployment_id=1, first=3, last=5, logical_ids={"C"})
        assert len(told) == 1, "the caller did not wait"
        free.set()
    assert told == [
        {"deployment_id": 1, "first": 1, "last": 1, "logical_ids": {"A"}},
        {"deployment_id": 1, "first": 2, "last": 5, "logical_ids": {"B", "C"}},
    ]


def test_a_failure_to_tell_is_not_the_end_of_it() -> None:
    told: list[int] = []

    def failing(*, first: int, **_: Any) -> None:
        told.append(first)
        raise OSError("the broker is away")

    with in_background(failing) as announce:
        announce(deployment_id=1, first=1, last=1, logical_ids=set())
    with in_background(failing):
        pass
    assert told == [1]
