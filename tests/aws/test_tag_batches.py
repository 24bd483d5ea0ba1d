"""The same tag for many resources at the same time: few calls, and each of them as if it had been alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from deployments.aws.calls import Aws
from deployments.aws.registry import provisioners
from deployments.aws.tag_batches import ARNS_AT_MOST, TagBatches
from deployments.engine.errors import Category, CloudError
from deployments.engine.ports import Live
from deployments.engine.resources import Resource
from tests.aws import cases
from tests.aws.conftest import ACCOUNT, REGION, ZIPS, Recording
from tests.engine.provisioner_contract import target


def queue(number: int) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue-{number}"


class Tagging:
    """The tagging API: takes its time, remembers what it was asked, and refuses what it is told to refuse."""

    def __init__(self, *, refused: frozenset[str] = frozenset(), broken: bool = False) -> None:
        self.batches: list[list[str]] = []
        self.refused = refused
        self.broken = broken

    def __call__(self, service: str, method: str, **asked: Any) -> dict[str, Any]:
        time.sleep(0.01)
        self.batches.append(asked["ResourceARNList"])
        if self.broken:
            raise CloudError(
                "no", service=service, operation=method, code="AccessDenied", category=Category.DENIED, advice=""
            )
        failed: Mapping[str, Any] = {arn: {"StatusCode": 400} for arn in self.refused & set(asked["ResourceARNList"])}
        return {"FailedResourcesMap": failed}


def at_once(count: int, work: Callable[[int], None]) -> None:
    """Runs `work(0)` to `work(count - 1)` in as many threads, begun together."""
    start = threading.Barrier(count)

    def run(number: int) -> None:
        start.wait()
        work(number)

    with ThreadPoolExecutor(count) as pool:
        for future in [pool.submit(run, number) for number in range(count)]:
            future.result()


def tagged_at_once(tagging: Tagging, count: int = 60, **tags: str) -> list[int]:
    """Who had to tag by itself, when `count` are to be tagged at the same time."""
    batches, alone = TagBatches(tagging), []

    def by_itself(number: int) -> None:
        time.sleep(0.01)
        alone.append(number)

    at_once(count, lambda number: batches.put(queue(number), tags or {"team": "desk"}, lambda: by_itself(number)))
    return alone


def test_those_who_come_together_go_together() -> None:
    tagging = Tagging()
    alone = tagged_at_once(tagging)
    written = [arn for batch in tagging.batches for arn in batch] + [queue(number) for number in alone]
    assert sorted(written) == sorted(queue(number) for number in range(60))
    assert all(1 < len(batch) <= ARNS_AT_MOST for batch in tagging.batches)
    assert len(tagging.batches) + len(alone) <= 12


def test_one_alone_never_waits_for_company() -> None:
    tagging = Tagging()
    assert tagged_at_once(tagging, count=1) == [0] and not tagging.batches


def test_different_tags_never_mix() -> None:
    tagging, alone = Tagging(), []
    batches = TagBatches(tagging)

    def write(number: int) -> None:
        batches.put(queue(number), {"team": f"team-{number % 2}"}, lambda: alone.append(number))

    at_once(40, write)
    for batch in tagging.batches:
        assert len({int(arn.rpartition("-")[2]) % 2 for arn in batch}) == 1


def test_what_the_batch_could_not_do_each_does_by_itself() -> None:
    refused = frozenset({queue(7), queue(11)})
    alone = tagged_at_once(Tagging(refused=refused))
    assert {7, 11} <= set(alone) and len(alone) == len(set(alone))


def test_a_role_that_may_not_use_the_api_costs_a_call_and_nothing_else() -> None:
    assert sorted(tagged_at_once(Tagging(broken=True))) == list(range(60))


def test_one_that_fails_or_dies_leaves_nobody_waiting() -> None:
    batches, done = TagBatches(Tagging()), []

    def write(number: int) -> None:
        def alone() -> None:
            time.sleep(0.01)
            if number % 3 == 0:
                raise KeyboardInterrupt
            done.append(number)

        try:
            batches.remove(queue(number), ["team"], alone)
        except KeyboardInterrupt:
            return

    at_once(30, write)
    batches.remove(queue(99), ["team"], lambda: done.append(99))
    assert done[-1] == 99


@pytest.mark.parametrize("arn", [f"arn:aws:iam::{ACCOUNT}:role/shared", "arn:aws:s3:::bucket", "vpc-1"])
def test_what_the_api_cannot_tag_goes_its_own_way(arn: str) -> None:
    tagging, alone = Tagging(), []
    batches = TagBatches(tagging)
    at_once(10, lambda number: batches.put(arn, {"team": "desk"}, lambda: alone.append(number)))
    assert len(alone) == 10 and not tagging.batches


def test_a_new_cost_center_for_many_queues_takes_few_calls(
    aws: Aws, listener: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = provisioners(aws, ZIPS.__getitem__)["AWS::SQS::Queue"]
    wanted = [
        replace(cases.wanted("AWS::SQS::Queue"), properties={"QueueName": f"queue-{number}"}) for number in range(64)
    ]
    found: list[tuple[Resource, Live]] = []
    for resource in wanted:
        made = every.create(target(resource))
        live = every.read(made.physical_id, resource.properties)
        assert live is not None
        found.append((resource, live))
    original, one_at_a_time = aws._call, threading.Lock()

    def slowly(*arguments: Any) -> Any:
        time.sleep(0.005)
        with one_at_a_time:  # moto is not made for threads
            return original(*arguments)

    monkeypatch.setattr(aws, "_call", slowly)
    listener.calls.clear()

    def update(number: int) -> None:
        resource, live = found[number]
        every.update(target(replace(resource, tags={**resource.tags, "cost-center": "sales"})), live)

    at_once(64, update)
    writes = listener.writes()
    assert set(writes) <= {"TagResources", "TagQueue"} and len(writes) <= 12
    for resource, live in found:
        now = every.read(live.physical_id, resource.properties)
        assert now is not None and now.tags == {**resource.tags, "cost-center": "sales"}
