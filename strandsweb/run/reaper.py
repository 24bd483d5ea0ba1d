"""End what the parent started once the parent is gone, however it went: a tiny process of its own that waits on a pipe.

Run as `python -I -S reaper.py RUN_JSON` with the pipe as standard input; imports only the standard library. Each line
says that the leader of a process group started (`+pid`) or ended (`-pid`). End of file means that nobody looks after
them now. When nothing is left it removes the file RUN_JSON and ends, and with it goes the lock it inherited.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

GRACE_SECONDS = 4.0
PROC = Path("/proc/self/stat")


class Member(NamedTuple):
    """One live process, as the system lists it."""

    pid: int
    parent: int
    group: int


def processes() -> list[Member]:
    """Every process of the machine that is not a zombie: from /proc on Linux, from `ps` elsewhere."""
    if not PROC.exists():
        listed = subprocess.check_output(["ps", "-A", "-o", "pid=,ppid=,pgid=,stat="], text=True)
        rows = (line.split() for line in listed.splitlines())
        return [Member(int(row[0]), int(row[1]), int(row[2])) for row in rows if not row[3].startswith("Z")]
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                # The command in parentheses may itself hold blanks and parentheses; what follows it is regular.
                state, parent, group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
                if state != "Z":
                    found.append(Member(int(entry.name), int(parent), int(group)))
    return found


def family(leaders: Iterable[int]) -> set[Member]:
    """The members of the leaders' groups and all their descendants, those that made groups of their own included."""
    everyone = processes()
    members = {member for member in everyone if member.group in leaders}
    while True:
        known = {member.pid for member in members}
        children = {member for member in everyone if member.parent in known} - members
        if not children:
            return members
        members |= children


def end(leaders: set[int], grace_seconds: float = GRACE_SECONDS) -> None:
    """Ask the leaders to stop, give them a moment, then kill whatever is left of their families."""
    members = family(leaders)

    def wait(seconds: float) -> None:
        nonlocal members
        deadline = time.monotonic() + seconds
        while members and time.monotonic() < deadline:
            time.sleep(0.05)
            # Groups are compared too, so that a recycled pid is not mistaken for the process it replaced.
            alive = {(member.pid, member.group) for member in processes()}
            members = {member for member in members if (member.pid, member.group) in alive} | family(leaders)

    for leader in leaders & {member.pid for member in members}:
        with suppress(ProcessLookupError):
            os.kill(leader, signal.SIGTERM)
    wait(grace_seconds)
    for member in members:
        with suppress(ProcessLookupError):
            os.kill(member.pid, signal.SIGKILL)
    wait(2.0)  # the lock on the data directory goes when we do


def main() -> None:
    """Follow the pipe to its end, then end what it left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    leaders: set[int] = set()
    for line in sys.stdin:
        change = leaders.add if line.startswith("+") else leaders.discard
        change(int(line[1:]))
    end(leaders)
    Path(sys.argv[1]).unlink(missing_ok=True)  # what it describes does not run any more


if __name__ == "__main__":
    main()
