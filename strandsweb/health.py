"""Whether this installation works: `healthz` for the process alone, `readyz` for everything it needs."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cache
from http import HTTPStatus
from http.client import HTTPConnection
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from history.store import store
from strandsweb import heartbeat

CHECK_SECONDS = 2.0
log = logging.getLogger(__name__)


class NotReady(Exception):
    """A reason fit to be shown to anybody: names no address and no secret."""


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all; depends on nothing, so that a broken database does not restart the web."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_safe
async def readyz(request: HttpRequest) -> JsonResponse:
    """200 when all parts work, else 503: `{"ready", "checks": {name: {"ok", "milliseconds", "reason"}}}`.

    The checks run side by side and get two seconds each; what exactly failed is in the log.
    """
    checks = checks_here()
    results = await asyncio.gather(*(_result(name, check) for name, check in checks.items()))
    ready = all(result["ok"] for result in results)
    body = {"ready": ready, "checks": dict(zip(checks, results, strict=True))}
    return JsonResponse(body, status=200 if ready else 503, headers={"Cache-Control": "no-store"})


def checks_here() -> dict[str, Callable[[], None]]:
    """The checks that make sense with these settings; each returns, or raises what is wrong."""
    checks = {"database": database, "broker": broker, "worker": worker, "history": history}
    return {**checks, "sandbox": sandbox} if settings.EMBEDDED else checks


def database() -> None:
    """The database answers a query."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()  # this thread has a connection of its own


def broker() -> None:
    """The broker lets us in and answers."""
    with heartbeat.connect(settings.BROKER_URL) as client:
        client.ping()


def worker() -> None:
    """At least one worker gave a sign of life lately."""
    with heartbeat.connect(settings.BROKER_URL) as client:
        if not heartbeat.alive(client):
            raise NotReady(f"no worker gave a sign of life in the last {heartbeat.DEAD_SECONDS} seconds")


def sandbox() -> None:
    """The stand-in for AWS answers."""
    address = urlsplit(settings.AWS_ENDPOINT_URL)
    asked = HTTPConnection(address.hostname or "", address.port, timeout=CHECK_SECONDS)
    with closing(asked):
        asked.request("GET", "/_sandbox/health")
        if (status := asked.getresponse().status) != HTTPStatus.OK:
            raise NotReady(f"answered {status}")


def history() -> None:
    """The store of the records is there and we may use it."""
    store().check()


@cache
def _thread(name: str) -> ThreadPoolExecutor:
    """One thread per check: one that hangs delays neither the other checks nor the pages."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"readyz-{name}")


async def _result(name: str, check: Callable[[], None]) -> dict[str, object]:
    started = time.monotonic()
    result: dict[str, object] = {"ok": True}
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await asyncio.get_running_loop().run_in_executor(_thread(name), check)
    except TimeoutError:
        result = {"ok": False, "reason": f"no answer within {CHECK_SECONDS:g} seconds"}
    except NotReady as error:
        result = {"ok": False, "reason": str(error)}
    except Exception as error:  # whatever is wrong with a part, the answer about the others must not suffer
        log.warning("readyz: %s: %s", name, error)
        result = {"ok": False, "reason": type(error).__name__}
    return {**result, "milliseconds": round((time.monotonic() - started) * 1000, 1)}
