"""A worker process of the bench: `python -m benchmarks.child ID...` plans and runs these deployments, one by one.

It says `ready` when it has loaded everything, begins with the first line it is told, and ends with one line of JSON:
the status of each deployment, and the most memory it ever used, in megabytes.
"""

from __future__ import annotations

import json
import resource
import sys


def main() -> None:
    """The database and the sandbox are those of the parent's environment variables."""
    import django

    django.setup()
    from deployments import execution, orders, planning
    from deployments.models import Status

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    statuses = []
    for deployment_id in map(int, sys.argv[1:]):
        deployment = planning.make_plan(deployment_id=deployment_id)
        if deployment.status == Status.READY:
            orders.start(deployment_id=deployment_id, actor=deployment.proposed_by, inline=True)
            deployment = execution.run(deployment_id=deployment_id)
        statuses.append(f"{deployment.status} {deployment.error}".strip())
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # kilobytes on Linux
    sys.stdout.write(json.dumps({"statuses": statuses, "peak_mb": round(peak_mb)}) + "\n")


if __name__ == "__main__":
    main()
