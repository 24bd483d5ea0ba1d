"""The parts of the parent, each for itself: giving up, stopping hard, relaying lines."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from strandsweb.run import house as house_module
from strandsweb.run.claim import Claim
from strandsweb.run.console import Console
from strandsweb.run.house import House, HouseError
from strandsweb.run.program import Program, Reaper
from strandsweb.run.reaper import end, family, processes
from tests.house.conftest import eventually, gone


def program(name: str, script: str, **options: object) -> Program:
    return Program(name, (sys.executable, "-c", script), dict(os.environ), **options)  # type: ignore[arg-type]


@pytest_asyncio.fixture
async def home(tmp_path: Path) -> AsyncIterator[tuple[House, io.StringIO]]:
    said = io.StringIO()
    claim = Claim(tmp_path)
    reaper = await Reaper.start(claim.run_json, claim.lock)
    house = House(reaper, Console(said), changed=lambda pids: None)
    yield house, said
    await house.stop()
    await reaper.close()


async def test_a_program_that_keeps_crashing_closes_the_house(
    home: tuple[House, io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    house, said = home
    monkeypatch.setattr(house_module, "FIRST_DELAY_SECONDS", 0.01)
    await house.start(program("web", "raise SystemExit(3)"))
    await asyncio.wait_for(house.closing.wait(), 20)
    assert house.fault == "web ended 5 times in a row (exit code 3); its own lines say why."
    assert said.getvalue().count("starting it again") == 4


async def test_what_never_gets_ready_is_an_error_that_names_it(
    home: tuple[House, io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never() -> bool:
        return False

    monkeypatch.setattr(house_module, "READY_SECONDS", 0.2)
    with pytest.raises(HouseError, match="web is not ready"):
        await home[0].start(program("web", "import time; time.sleep(60)", ready=never))


async def test_a_command_that_fails_is_an_error_that_names_it(home: tuple[House, io.StringIO]) -> None:
    with pytest.raises(HouseError, match="migrate failed: exit code 7"):
        await home[0].once(program("migrate", "raise SystemExit(7)"))


async def test_lines_are_relayed_behind_the_name_even_long_or_unfinished_ones(home: tuple[House, io.StringIO]) -> None:
    house, said = home
    await house.once(
        program("web", r"import sys; print('x' * 3_000_000); print('\xe9 two'); sys.stderr.write('three')")
    )
    await asyncio.sleep(0.1)
    lines = said.getvalue().splitlines()
    assert all(line.startswith("web      | ") for line in lines)
    assert sum(line.count("x") for line in lines) == 3_000_000
    assert lines[-2:] == ["web      | \xe9 two", "web      | three"]


async def test_a_program_deaf_to_signals_is_killed_with_its_children(home: tuple[House, io.StringIO]) -> None:
    house, said = home
    deaf = (
        "import signal, subprocess, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "subprocess.Popen(['sleep', '60'])\n"
        "print('deaf', flush=True)\n"
        "time.sleep(60)"
    )
    await house.start(program("worker", deaf, stopping=((signal.SIGTERM, 0.3),)))
    await asyncio.to_thread(eventually, lambda: "deaf" in said.getvalue())
    members = family(set(house.pids.values()))
    assert len(members) == 2
    await house.stop()
    assert gone(members)


async def test_programs_see_nothing_of_the_pipe_and_belong_to_themselves(home: tuple[House, io.StringIO]) -> None:
    house, said = home
    await house.once(program("web", "import os, sys; print(os.getpid() == os.getsid(0), repr(sys.stdin.read()))"))
    await asyncio.sleep(0.1)
    assert "True ''" in said.getvalue()


def test_the_reaper_finds_grandchildren_that_left_their_group() -> None:
    leaving = "import subprocess, time; subprocess.Popen(['sleep', '60'], start_new_session=True); time.sleep(60)"
    leader = os.posix_spawn(sys.executable, [sys.executable, "-c", leaving], os.environ, setsid=True)
    members = family({leader})
    while len({member.group for member in members}) < 2:  # a child is seen before it has left the group
        members = family({leader})
    end({leader}, grace_seconds=0.2)
    os.waitpid(leader, 0)
    assert gone(members)


def test_the_reaper_leaves_everybody_else_alone() -> None:
    before = {member.pid for member in processes()}
    end({2**22 + 1}, grace_seconds=0)  # the pid of nobody
    assert os.getpid() in before & {member.pid for member in processes()}
