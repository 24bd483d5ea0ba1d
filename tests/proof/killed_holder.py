"""A worker that is killed while it holds an environment, and what the environment's page says before and after.

Once in the middle of a step, once after its run had ended and before its record was written.
`python -m tests.proof.killed_holder` prints what happened as JSON.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import tempfile
import time
from html import unescape
from pathlib import Path
from typing import Any

from tests.proof.children import begin, in_child
from tests.proof.matrix import ground

SLOW_MILLISECONDS = 150
LEASE_SECONDS = 3.0  # longer than the page takes on a busy machine
PLACE = ("m00011", "700000000011")


def main() -> None:
    """Plays both scenes, one after the other, in one environment."""
    with (
        tempfile.TemporaryDirectory(prefix="strandsweb-killed-") as directory,
        ground(Path(directory), lease_seconds=LEASE_SECONDS),
    ):
        from tests.proof import acts

        in_child(acts.found, *PLACE)
        told = {"in a step": _in_a_step(Path(directory)), "after the end": _after_the_end()}
        sys.stdout.write(json.dumps(told))


def _in_a_step(directory: Path) -> dict[str, Any]:
    from tests.proof import acts

    deployment_id = in_child(acts.propose, *PLACE, "create").answer
    in_child(acts.slow_down, SLOW_MILLISECONDS)
    worker = begin(acts.work, deployment_id, str(directory / "trace"))
    while not (left := in_child(acts.left_behind, deployment_id).answer)["open"]:
        time.sleep(0.02)
    held = in_child(_page).answer
    os.kill(worker.pid, signal.SIGKILL)
    killed_by = worker.join().signal
    left = in_child(acts.left_behind, deployment_id).answer
    in_child(acts.slow_down, 0)
    time.sleep(1.5 * LEASE_SECONDS)
    expired = in_child(_page).answer
    in_child(acts.rescue, PLACE[0])
    after = in_child(acts.left_behind, deployment_id).answer
    return {
        "killed by": killed_by,
        "worker": worker.pid,
        "left": left,
        "page while held": held,
        "page when expired": expired,
        "status after": after["status"],
        "page after": in_child(_page).answer,
    }


def _after_the_end() -> dict[str, Any]:
    from tests.proof import acts

    deployment_id = in_child(acts.propose, *PLACE, "change").answer
    killed_by = in_child(_dies_before_its_record, deployment_id).signal
    left = in_child(acts.left_behind, deployment_id).answer
    time.sleep(1.5 * LEASE_SECONDS)
    expired = in_child(_page).answer
    in_child(acts.rescue, PLACE[0])
    return {
        "killed by": killed_by,
        "left": left,
        "page when expired": expired,
        "recorded after": in_child(acts.left_behind, deployment_id).answer["recorded"],
    }


def _dies_before_its_record(deployment_id: int) -> None:
    from deployments import execution, recording

    def die(_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    recording.record_run = die
    execution.run(deployment_id=deployment_id)


def _page() -> str:
    """What the environment's page says of who holds it, as text; empty when it says nothing."""
    from django.test import Client

    from projects.models import User

    client = Client()
    client.force_login(User.objects.get(username="bob"))
    answer = client.get(f"/projects/{PLACE[0]}/environments/dev/")
    assert answer.status_code == 200, answer.status_code
    section = re.search(r'<section class="card[^>]*id="occupancy".*?</section>', answer.content.decode(), re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", section[0])).split()) if section else ""


if __name__ == "__main__":
    main()
