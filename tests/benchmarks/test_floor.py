"""The floor waits for what the run waited for, and uses what AWS answered to it and not to the run."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from benchmarks.floor import Replayer, run_graph, waits_of
from benchmarks.recording import RecordedCall


def call(
    task: str, operation: str, started: float, ended: float, answer: Any = None, error: str = "", **sent: Any
) -> Any:
    return RecordedCall(task, "fake", operation, sent, started, ended, answer or {}, error)


class FakeClient:
    """A service whose ids are its own."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def create_api(self, **sent: Any) -> dict[str, Any]:
        self.sent.append(("create_api", sent))
        return {"ApiId": "floorfloor"}

    def create_route(self, **sent: Any) -> dict[str, Any]:
        self.sent.append(("create_route", sent))
        return {}

    def delete_api(self, **sent: Any) -> dict[str, Any]:
        raise ClientError({"Error": {"Code": "Throttled"}}, "DeleteApi")


class FakeSession:
    def __init__(self) -> None:
        self.made = FakeClient()

    def client(self, service: str, **_: Any) -> FakeClient:
        assert service == "fake"
        return self.made


def replayer() -> tuple[Replayer, FakeClient]:
    session: Any = FakeSession()
    return Replayer(session, "http://nowhere"), session.made


def test_ids_that_aws_makes_up_come_from_the_floors_own_answers() -> None:
    floor, client = replayer()
    calls = [
        call("create:Api", "CreateApi", 0, 1, {"ApiId": "oursours"}, Name="deterministic"),
        call(
            "create:Route",
            "CreateRoute",
            2,
            3,
            ApiId="oursours",
            Target={"Arns": ["arn:aws:execute-api:us-east-1:1:oursours/*/POST/x"]},
            Name="deterministic",
        ),
    ]
    found = floor.replay(calls, {"create:Api": (), "create:Route": ("create:Api",)})
    assert client.sent[1][1] == {
        "ApiId": "floorfloor",
        "Target": {"Arns": ["arn:aws:execute-api:us-east-1:1:floorfloor/*/POST/x"]},
        "Name": "deterministic",
    }
    assert (found.calls, found.diverged) == (2, {})


def test_a_later_phase_knows_what_an_earlier_one_made() -> None:
    floor, client = replayer()
    floor.replay([call("create:Api", "CreateApi", 0, 1, {"ApiId": "oursours"})], {"create:Api": ()})
    floor.replay([call("update:Route", "CreateRoute", 5, 6, ApiId="oursours")], {"update:Route": ()})
    assert client.sent[-1][1] == {"ApiId": "floorfloor"}


def test_another_end_than_the_recorded_one_is_told() -> None:
    floor, _ = replayer()
    assert floor.replay([call("a", "DeleteApi", 0, 1)], {}).diverged == {"fake.DeleteApi: Throttled": 1}
    assert floor.replay([call("a", "DeleteApi", 0, 1, error="Throttled")], {}).diverged == {}
    assert floor.replay([call("a", "CreateApi", 0, 1, error="Taken")], {}).diverged == {"fake.CreateApi: no Taken": 1}


def test_calls_wait_as_in_the_run() -> None:
    calls = [
        call("a", "One", 0, 1),
        call("a", "Two", 1.5, 3),
        call("a", "Three", 1.6, 2),
        call("c", "Four", 4, 5),
    ]
    # b made no call, so what needs it needs what b needed
    assert waits_of(calls, {"a": (), "b": ("a",), "c": ("b",)}) == [set(), {0}, {0}, {0, 1, 2}]


def test_nothing_starts_before_what_it_waits_for_and_all_of_it_happens() -> None:
    done: list[int] = []
    lock = threading.Lock()
    waits = [set(), {0}, {0}, {1, 2}, set(), {3, 4}]

    def perform(index: int) -> None:
        with lock:
            assert set(waits[index]) <= set(done)
            done.append(index)

    assert run_graph(waits, perform, threads=4) > 0
    assert sorted(done) == list(range(6))


def test_a_circle_is_refused() -> None:
    with pytest.raises(ValueError, match="waits for another"):
        run_graph([{1}, {0}], lambda index: None)
