"""`python -m benchmarks`: measures in a house of its own, prints a table, and keeps it as JSON."""

from __future__ import annotations

import _thread
import argparse
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import subjects
from strandsweb.run.processes import sandbox_credentials
from strandsweb.sandbox.starter import start

RESULTS = Path(__file__).resolve().parent / "results"


def main() -> int:
    """0 when everything was measured and no call was made too many, 1 when not."""
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with (
        tempfile.TemporaryDirectory(prefix="strandsweb-bench-") as temporary,
        start(Path(temporary) / "ours") as ours,
        start(Path(temporary) / "floor") as floors,
        _at_most(options.minutes),
    ):
        folder = Path(temporary)
        _open_house(folder / "data", ours.url)
        # Models can be imported only now.
        from benchmarks import history, limits, refresh, scale
        from benchmarks.journey import Clouds
        from benchmarks.suite import run

        clouds = Clouds(ours.url, floors.url)
        codes = []
        if options.only in (None, "deployments"):
            chosen = [subjects.sample()]
            if not options.quick:
                chosen += [subjects.synthetic(agents, folder / f"bench-{agents}") for agents in options.agents]
            codes.append(
                run(
                    chosen,
                    clouds,
                    latencies_ms=options.latency_ms,
                    minutes=options.minutes,
                    parallelism=options.parallelism,
                    results=RESULTS,
                )
            )
        if options.only == "refresh" or (options.only is None and not options.quick):
            codes.append(refresh.run(clouds, folder, latencies_ms=options.latency_ms, results=RESULTS))
        if options.only == "scale" or (options.only is None and not options.quick):
            codes.append(scale.run(folder / "scale", RESULTS))
        if options.only == "engine" or (options.only is None and not options.quick):
            codes.append(limits.run(clouds, folder))
        if options.only == "history" or (options.only is None and not options.quick):
            codes.append(history.run(clouds, folder / "history"))
        return max(codes)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Deployments beside their floor.")
    parser.add_argument("--quick", action="store_true", help="the sample only")
    parser.add_argument(
        "--only",
        choices=["deployments", "refresh", "scale", "engine", "history"],
        help="one of the benches instead of all",
    )
    parser.add_argument("--agents", type=int, nargs="*", default=[50, 200], help="sizes of the made-up projects")
    parser.add_argument("--latency-ms", type=int, nargs="*", default=[0, 100], help="latency added to every AWS call")
    parser.add_argument("--parallelism", type=int, help="steps at once, instead of the settings' RUN_PARALLELISM")
    parser.add_argument("--minutes", type=float, default=12.0, help="stop after so long; what there is, is printed")
    return parser.parse_args()


def _open_house(data_dir: Path, aws_url: str) -> None:
    """strandsweb with embedded settings on an empty data directory, in this process."""
    os.environ |= sandbox_credentials(aws_url)
    os.environ |= {"DJANGO_SETTINGS_MODULE": "strandsweb.settings.embedded", "DATA_DIR": str(data_dir)}
    for name in ("BROKER_URL", "HISTORY_STORE", "HISTORY_BUCKET", "SECRET_KEY", "DEBUG"):
        os.environ.pop(name, None)
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)


@contextmanager
def _at_most(minutes: float) -> Iterator[None]:
    """Interrupts the block from outside should it hang: everything in it is bounded, but not by this bench."""
    alarm = threading.Timer(60 * minutes + 120, _thread.interrupt_main)
    alarm.daemon = True
    alarm.start()
    try:
        yield
    finally:
        alarm.cancel()


if __name__ == "__main__":
    sys.exit(main())
