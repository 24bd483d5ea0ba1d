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

from tests.proof.children import begin, in_child
from tests.proof.matrix import LEASE_SECONDS, differences, ground, look, plain, shot

SLOW_MILLISECONDS = 150


def main() -> None:
    """Plays the scene once."""
    with tempfile.TemporaryDirectory(prefix="strandsweb-paused-") as directory, ground(Path(directory)):
        sys.stdout.write(json.dumps(_play(Path(directory))))


def _play(directory: Path) -> dict[str, Any]:
    from tests.proof import acts

    right = look(directory, ("create",))
    slug, account = "m00009", "700000000009"
    in_child(acts.found, slug, account)
    deployment_id = in_child(acts.propose, slug, account, "create").answer
    in_child(acts.slow_down, SLOW_MILLISECONDS)
    first = begin(_work, deployment_id, str(directory / "first"))
    while not (left := in_child(acts.left_behind, deployment_id).answer)["open"]:
        time.sleep(0.02)
    os.kill(first.pid, signal.SIGSTOP)
    left = in_child(acts.left_behind, deployment_id).answer
    time.sleep(2 * LEASE_SECONDS)
    in_child(acts.slow_down, 0)
    second = in_child(_work, deployment_id, str(directory / "second")).answer
    after_second = shot(in_child(acts.picture, slug, account, deployment_id).answer, slug, account)
    held = in_child(acts.left_behind, deployment_id).answer
    os.kill(first.pid, signal.SIGCONT)
    heard = first.join().answer
    after_first = shot(in_child(acts.picture, slug, account, deployment_id).answer, slug, account)
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
