"""`python -m strandsweb.sandbox`: starts the sandbox and serves until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import logging
import shutil
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from strandsweb.sandbox import amendments, emulations
from strandsweb.sandbox.alarms import Alarms
from strandsweb.sandbox.cloud import Cloud
from strandsweb.sandbox.control import Control
from strandsweb.sandbox.front import Front
from strandsweb.sandbox.functions.invocations import Functions
from strandsweb.sandbox.functions.spec import FunctionSpec
from strandsweb.sandbox.functionurls import FunctionUrls
from strandsweb.sandbox.httpapi import HttpApis
from strandsweb.sandbox.insider import Insider
from strandsweb.sandbox.journal import JournalRefused
from strandsweb.sandbox.restapi import RestApis
from strandsweb.sandbox.rotations import Rotations
from strandsweb.sandbox.schedules import Schedules
from strandsweb.sandbox.server import bind
from strandsweb.sandbox.streams import StreamPollers
from strandsweb.sandbox.triggers import Pollers

REST_SECONDS = 0.5


def main(arguments: list[str] | None = None) -> int:
    """Runs until a signal; 0 after a clean stop, 2 when the folder or the port cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m strandsweb.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--data", type=Path, required=True, help="folder that keeps the state")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="latency added to every AWS call")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a queue is no news with added latency
    try:
        serve(options.data, options.port, options.latency_ms)
    except JournalRefused as refusal:
        print(refusal, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"The sandbox cannot start: {error}", file=sys.stderr)
        return 2
    return 0


def serve(data: Path, port: int, latency_ms: float) -> None:
    """Serves on 127.0.0.1 until a signal. Raises JournalRefused or OSError when it cannot start."""
    address = ""
    cloud = Cloud(data)

    def invoke_later(spec: FunctionSpec, event: str) -> None:
        cloud.after_this_call(lambda: functions.invoke_later(spec, event))

    insider = Insider(cloud.perform)
    functions = Functions(cloud, insider, data / "functions", lambda: address)
    amendments.install(invoke_later)
    emulations.install(Insider(cloud.perform_within))
    cloud.recover()
    watchers = (
        Pollers(cloud, insider, functions),
        StreamPollers(cloud, functions),
        Schedules(cloud, insider, functions),
        Alarms(cloud, insider, functions),
        Rotations(cloud, insider, functions),
    )
    control = Control(cloud, latency_ms=latency_ms)
    front = Front(
        cloud,
        control,
        functions,
        HttpApis(cloud, functions),
        RestApis(cloud, functions),
        FunctionUrls(cloud, functions),
        lambda: address,
    )
    server = bind(front, port)
    address = f"http://127.0.0.1:{server.effective_port}"
    stopping = threading.Event()

    def housekeeping() -> None:
        while not stopping.wait(REST_SECONDS):
            cloud.rest()
            functions.pool.end_idle()

    def stop(signum: int, frame: FrameType | None) -> None:
        raise SystemExit

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    for watcher in watchers:
        watcher.start()
    threading.Thread(target=housekeeping, name="housekeeping", daemon=True).start()
    print(f"sandbox listening on {address}", flush=True)
    try:
        server.run()
    finally:
        stopping.set()
        functions.close()  # first, as the watchers wait for functions
        for watcher in watchers:
            watcher.stop()
        cloud.close()
        shutil.rmtree(data / "functions", ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
