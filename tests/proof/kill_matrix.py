"""Runs the kill matrix: `python -m tests.proof.kill_matrix`; the whole of it writes docs/kill-matrix.md."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from tests.proof.matrix import Right, ground, look, try_all
from tests.proof.progress import Case, Progress

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "kill-matrix.md"
TRIED = ROOT / "var" / "kill-matrix.jsonl"
INTRODUCTION = """\
# Kill matrix

Written by `make kill-matrix`. In each case a worker process is killed with SIGKILL at one point of a run; after its
lease has expired, another process finishes the run from the journal. State, inventory of the account, steps, events,
record and chain of records must equal those of a run that nobody killed, and a plan afterwards must be empty. Points
that stand for the same code (the same call for the same type of resource) are tried once. `before`: nothing has
happened yet; `inside`: written, not committed; `after`: done, and nobody knows.
"""


def main() -> int:
    """Exit code 0 only when every killed run ended as the unkilled one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every N-th point; writes no table")
    parser.add_argument("--jobs", type=int, default=4, help="chains at the same time")
    parser.add_argument("--sandboxes", type=int, default=2, help="sandboxes that the chains share")
    parser.add_argument("--again", action="store_true", help="forget what an interrupted run has tried already")
    parser.add_argument("--json", action="store_true", help="print the cases as JSON")
    options = parser.parse_args()
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="strandsweb-kill-matrix-") as name,
        ground(Path(name), sandboxes=options.sandboxes) as sandboxes,
    ):
        directory = Path(name)
        right = look(directory, sandboxes)
        tell = _say if not options.json else _silent
        tell(", ".join(f"{act}: {len(points)} points" for act, points in right.points.items()))
        tried = TRIED if options.every == 1 else directory / "tried.jsonl"
        if options.again:
            tried.unlink(missing_ok=True)
        progress = Progress(tried, right.pictures)
        tell(f"{len(progress.cases)} of them were tried before")
        cases = try_all(directory, sandboxes, right, progress, every=options.every, jobs=options.jobs, tell=tell)
    # Of cases that an earlier run has tried only their own times are known.
    before = sum(case.seconds for case in progress.cases) / options.jobs
    seconds = time.monotonic() - began + before
    failed = [case for case in cases if case.differences]
    if not failed:
        progress.end()
    if options.json:
        told = {"cases": [asdict(case) for case in cases], "kinds": sorted(right.kinds), "seconds": seconds}
        sys.stdout.write(json.dumps(told))
    else:
        _say(f"{len(cases)} workers killed in {seconds:.0f} s, {len(failed)} times something differed")
    if options.every == 1:
        TABLE.write_text(table(right, cases, seconds))
    return 1 if failed else 0


def table(right: Right, cases: Sequence[Case], seconds: float) -> str:
    """The matrix for people: one line per act and kind of point, then every kill."""
    failed = [case for case in cases if case.differences]
    lines = [
        INTRODUCTION,
        f"- {datetime.now(UTC):%Y-%m-%d}: **{len(cases)} workers killed, {len(failed)} times something differed**,"
        f" {seconds:.0f} seconds",
        f"- kinds of resources: {', '.join(f'`{kind}`' for kind in sorted(right.kinds))}",
        "",
        "| act | where | moment | under way | outcome | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for case in sorted(cases, key=lambda case: (case.act, case.place, case.moment)):
        outcome = "; ".join(case.differences) or "equal"
        place = " · ".join(case.place.split("|"))
        lines.append(f"| {case.act} | {place} | {case.moment} | {case.under_way} | {outcome} | {case.seconds:.1f} |")
    return "\n".join(lines) + "\n"


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def _silent(line: str) -> None:
    pass


if __name__ == "__main__":
    sys.exit(main())
