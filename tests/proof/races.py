"""What happens when several processes want the same thing at once, on SQLite or on PostgreSQL.

`python -m tests.proof.races [--postgres]` plays every race a few times and prints what came of it as JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.database import postgresql
from tests.proof.children import begin, in_child
from tests.proof.matrix import ground

ROUNDS = 3
START_SECONDS = 0.25  # everybody is there by then


def main() -> None:
    """Plays all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgres", action="store_true", help="on a private PostgreSQL instead of SQLite")
    options = parser.parse_args()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="strandsweb-races-", dir="/tmp")))
        url = stack.enter_context(postgresql(directory)) if options.postgres else ""
        stack.enter_context(ground(directory, database_url=url))
        sys.stdout.write(json.dumps(_play_all(directory)))


def _play_all(directory: Path) -> dict[str, Any]:
    from tests.proof import acts, contests

    told: dict[str, Any] = {"vendor": in_child(contests.vendor).answer}
    slug, account = "m00001", "700000000001"
    in_child(acts.found, slug, account, "small.yaml")
    in_child(contests.protect, slug)
    told["claims"] = [
        [*_at_once([(contests.claim, slug)] * 4), in_child(contests.let_go, slug).answer] for _ in range(ROUNDS)
    ]
    told["plans"] = []
    told["reviews"] = []
    told["starts"] = []
    for _ in range(ROUNDS):
        pk = in_child(contests.propose, slug).answer
        _at_once([(contests.plan, pk)] * 3)
        told["plans"].append(in_child(contests.told_of, pk).answer)
        heard = _at_once([(contests.approve, pk), (contests.reject, pk), (contests.discard, pk)])
        told["reviews"].append({"heard": heard, **in_child(contests.told_of, pk).answer})
    for _ in range(ROUNDS):
        pk = in_child(contests.propose, slug).answer
        in_child(contests.plan, pk)
        in_child(contests.approve, pk, 0.0)
        _at_once([(contests.start, pk), (contests.start, pk), (contests.discard, pk)])
        queued = in_child(contests.told_of, pk).answer
        heard = _at_once([(contests.cancel, pk), (contests.run, pk)])
        told["starts"].append({"queued": queued, "heard": heard, **in_child(contests.told_of, pk).answer})
    told["freezes"] = []
    for _ in range(ROUNDS):
        in_child(contests.protect_again, slug)
        pk = in_child(contests.propose, slug).answer
        in_child(contests.plan, pk)
        in_child(contests.approve, pk, 0.0)
        _at_once([(contests.start, pk), (contests.freeze, pk), (contests.edit, pk)])
        in_child(contests.run, pk, 0.0)
        told["freezes"].append(in_child(contests.told_of, pk).answer)
    told["deliveries"] = _deliveries(directory)
    told["protections"] = _protections()
    told["holds"] = [_holds(number) for number in range(ROUNDS)]
    told["paths"] = _paths()
    return told


def _paths() -> list[dict[str, Any]]:
    """Three owners order the environments at once, each otherwise."""
    from tests.proof import acts, owners

    slug, told = "m00004", []
    in_child(acts.found, slug, "700000000004", "small.yaml")
    in_child(owners.lay_out, slug)
    for _ in range(ROUNDS):
        of = (slug, in_child(owners.path_of, slug).answer["number"])
        heard = _at_once([(owners.bob_orders, of), (owners.otto_orders, of), (owners.oona_orders, of)])
        told.append({"base": of[1], "heard": heard, **in_child(owners.path_of, slug).answer})
    return told


def _protections() -> list[dict[str, Any]]:
    """Two owners propose at once; then its author takes back what waits, another consents to it, a third declines."""
    from tests.proof import acts, owners

    slug, told = "m00003", []
    in_child(acts.found, slug, "700000000003", "small.yaml")
    in_child(owners.gather, slug)
    for _ in range(ROUNDS):
        base = (slug, in_child(owners.told_of, slug).answer["in force"])
        proposed = _at_once([(owners.bob_proposes, base), (owners.otto_proposes, base)])
        before = in_child(owners.told_of, slug).answer
        waits = (slug, before["newest"])
        heard = _at_once(
            [(owners.author_withdraws, waits), (owners.other_consents, waits), (owners.third_declines, waits)]
        )
        told.append({"proposed": proposed, "before": before, "heard": heard, **in_child(owners.told_of, slug).answer})
    return told


def _holds(number: int) -> dict[str, Any]:
    """Three hold everything at once, then three resume at once; then a hold is placed while a worker begins a run."""
    from tests.proof import acts, contests, guards

    slug = f"m1000{number}"
    in_child(acts.found, slug, f"70000000010{number}", "small.yaml")
    pk = in_child(contests.propose, slug).answer
    in_child(contests.plan, pk)
    placed = _at_once([(guards.place, slug)] * 3)
    held = in_child(guards.told_of, slug).answer
    lifted = _at_once([(guards.lift, slug)] * 3)
    free = in_child(guards.told_of, slug).answer
    in_child(guards.forget, slug)
    in_child(guards.queue, pk)
    _at_once([(guards.run, pk), (guards.place_later, (slug, number))])
    told = in_child(guards.told_of_run, pk).answer
    return {"placed": placed, "held": held, "lifted": lifted, "free": free, "run": told}


def _deliveries(directory: Path) -> dict[str, Any]:
    """One run delivered to three workers at once, while a second plan of the same state waits behind it."""
    from tests.proof import acts, contests

    slug, account = "m00002", "700000000002"
    in_child(acts.found, slug, account, "small.yaml")
    first = in_child(acts.propose, slug, account, "create").answer
    second = in_child(acts.propose, slug, account, "create").answer
    _at_once([(contests.run, first), (contests.run, first), (contests.run, second), (contests.run, first)])
    in_child(contests.run, second, 0.0)
    picture = in_child(acts.picture, slug, account, first).answer
    return {
        "status": picture["status"],
        "ends told": sorted(set(picture["ends told"].values())),
        "events without gaps": picture["events without gaps"],
        "plan afterwards": picture["plan afterwards"],
        "records": picture["records"],
        "resumed": in_child(contests.told_of, first).answer["resumed"],
        "second": in_child(contests.told_of, second).answer,
    }


def _at_once(calls: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Each call in a process of its own, all beginning at the same moment; their answers in order."""
    moment = time.monotonic() + START_SECONDS
    children = [begin(function, argument, moment) for function, argument in calls]
    return [child.join().answer for child in children]


if __name__ == "__main__":
    main()
