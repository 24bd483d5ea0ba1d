"""Two workers and one environment: the first is stopped with SIGSTOP, the second takes over, the first goes on.

`python -m tests.proof.paused_holder` prints what happened as JSON.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.proof.matrix import LEASE_SECONDS, differences, ground, look, plain, shot
from tests.proof.worlds import SLUG, World

SLOW_MILLISECONDS = 150
SMALL = "small.yaml"


def main() -> None:
    """Plays the scene once."""
    with (
        tempfile.TemporaryDirectory(prefix="strandsweb-paused-") as directory,
        ground(Path(directory)) as sandboxes,
    ):
        sys.stdout.write(json.dumps(_play(Path(directory), sandboxes)))


def _play(directory: Path, sandboxes: tuple[str, ...]) -> dict[str, Any]:
    from tests.proof import acts

    right = look(directory, sandboxes, ("create",), SMALL)
    world = World(directory, 9, sandboxes)
    world.do(acts.found, SLUG, world.account, SMALL)
    deployment_id = world.do(acts.propose, SLUG, world.account, "create").answer
    world.do(acts.slow_down, SLOW_MILLISECONDS)
    first = world.begin(_work, deployment_id, str(directory / "first"))
    while not (left := world.do(acts.left_behind, deployment_id).answer)["open"]:
        time.sleep(0.02)
    os.kill(first.pid, signal.SIGSTOP)
    left = world.do(acts.left_behind, deployment_id).answer
    time.sleep(2 * LEASE_SECONDS)
    world.do(acts.slow_down, 0)
    second = world.do(_work, deployment_id, str(directory / "second")).answer
    after_second = shot(world.do(acts.picture, SLUG, world.account, deployment_id).answer, world.account)
    held = world.do(acts.left_behind, deployment_id).answer
    os.kill(first.pid, signal.SIGCONT)
    heard = first.join().answer
    after_first = shot(world.do(acts.picture, SLUG, world.account, deployment_id).answer, world.account)
    return {
        "under way when stopped": left["open"] if f":{first.pid}:" in left["holder"] else [],
        "first fencing": left["fencing"],
        "second fencing": held["fencing"],
        "second": second["status"],
        "first heard": heard["heard"],
        "after second": after_second,
        "after first": after_first,
        "differences": differences(plain(after_first, right.generated), right.pictures["create"]),
    }


def _work(deployment_id: int, trace: str) -> dict[str, Any]:
    """A worker that also answers what it logged about losing the environment."""
    from tests.proof import acts

    heard: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "took over" in record.getMessage():
                heard.append("another worker took over")

    logging.getLogger("deployments.execution").addHandler(Ear())
    return {"status": acts.work(deployment_id, trace), "heard": heard}


if __name__ == "__main__":
    main()
