"""One limit per account and service, over threads and over processes that share a board."""

from __future__ import annotations

import pytest

from deployments.aws.limits import CEILING, MEETING_SECONDS, Limiter, Limiters, Seen
from tests.aws.conftest import FakeTime


class Shared:
    """A board in memory; `me` says which process tells."""

    def __init__(self) -> None:
        self.present: dict[tuple[str, str], set[str]] = {}
        self.throttles: dict[tuple[str, str], int] = {}
        self.reachable = True

    def of(self, me: str) -> Process:
        return Process(self, me)


class Process:
    def __init__(self, shared: Shared, me: str) -> None:
        self._shared, self._me = shared, me
        self.meetings = 0

    def meet(self, account: str, service: str) -> Seen | None:
        self.meetings += 1
        key = (account, service)
        self._shared.present.setdefault(key, set()).add(self._me)
        if not self._shared.reachable:
            return None
        return Seen(len(self._shared.present[key]), self._shared.throttles.get(key, 0))

    def throttled(self, account: str, service: str) -> Seen | None:
        key = (account, service)
        self._shared.throttles[key] = self._shared.throttles.get(key, 0) + 1
        return self.meet(account, service)


def call(*limiters: Limiter) -> None:
    for limiter in limiters:
        with limiter.slot():
            pass


@pytest.fixture
def shared() -> Shared:
    return Shared()


@pytest.fixture
def processes(shared: Shared, time: FakeTime) -> tuple[Limiters, Limiters]:
    one, other = (Limiters(time.clock, shared.of(name)) for name in ("one", "other"))
    return one, other


def test_throttling_lowers_the_limit_and_success_raises_it_again(time: FakeTime) -> None:
    limiter = Limiter(time.clock)
    assert limiter.allowed == CEILING
    with limiter.slot(), limiter.slot(), limiter.slot():
        limiter.throttled()
        limiter.throttled()
    assert limiter.allowed == 2, "one burst is one cut"
    time.now += 10
    limiter.throttled()
    assert limiter.allowed == 1
    for _ in range(CEILING * CEILING):
        limiter.succeeded()
    assert limiter.allowed == CEILING


def test_processes_share_the_ceiling_of_an_account_and_service(
    processes: tuple[Limiters, Limiters], time: FakeTime
) -> None:
    one, other = (each.of("123456789012", "lambda") for each in processes)
    call(one)
    assert one.allowed == CEILING
    call(other)
    time.now += MEETING_SECONDS
    call(one)
    assert one.allowed == other.allowed == CEILING // 2
    elsewhere = processes[0].of("999999999999", "lambda")
    call(elsewhere)
    assert elsewhere.allowed == CEILING, "another account is another limit"


def test_what_aws_tells_one_process_all_obey(processes: tuple[Limiters, Limiters], time: FakeTime) -> None:
    one, other = (each.of("123456789012", "lambda") for each in processes)
    call(one, other)
    time.now += 10
    call(one, other)
    before = other.allowed
    with one.slot():
        one.throttled()
    assert other.allowed == before, "it has not looked yet"
    time.now += MEETING_SECONDS
    call(other)
    assert other.allowed < before
    allowed = other.allowed
    time.now += MEETING_SECONDS
    call(other)
    assert other.allowed == allowed, "what was obeyed once is not obeyed again"


def test_the_board_is_looked_at_once_a_second(shared: Shared, time: FakeTime) -> None:
    board = shared.of("one")
    limiter = Limiter(time.clock, board=board)
    for _ in range(10):
        call(limiter)
    assert board.meetings == 1
    time.now += MEETING_SECONDS
    call(limiter)
    assert board.meetings == 2


def test_without_the_board_a_process_keeps_to_its_own_limit(
    processes: tuple[Limiters, Limiters], shared: Shared, time: FakeTime
) -> None:
    one, other = (each.of("123456789012", "lambda") for each in processes)
    call(one, other)
    shared.reachable = False
    time.now += MEETING_SECONDS
    call(one, other)
    assert (one.allowed, other.allowed) == (CEILING, CEILING // 2), "as it was when last seen"
    with one.slot():
        one.throttled()
    assert one.allowed == 1
