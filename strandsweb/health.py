"""Whether this installation works: `healthz` for the process alone, `readyz` for everything it needs."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import closing
from functools import cache
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import boto3
from asgiref.sync import sync_to_async
from botocore.config import Config
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

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
    """The bucket of the records is there and we may use it."""
    if settings.HISTORY_STORE == "s3":
        _s3().head_bucket(Bucket=settings.HISTORY_BUCKET)


@cache
def _s3() -> Any:
    """One client for all checks: making one costs more than the check itself, and clients may be shared by threads."""
    quick = Config(connect_timeout=CHECK_SECONDS, read_timeout=CHECK_SECONDS, retries={"total_max_attempts": 1})
    return boto3.session.Session().client("s3", endpoint_url=settings.AWS_ENDPOINT_URL or None, config=quick)


async def _result(name: str, check: Callable[[], None]) -> dict[str, object]:
    started = time.monotonic()
    result: dict[str, object] = {"ok": True}
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await sync_to_async(check, thread_sensitive=False)()
    except TimeoutError:
        result = {"ok": False, "reason": f"no answer within {CHECK_SECONDS:g} seconds"}
    except NotReady as error:
        result = {"ok": False, "reason": str(error)}
    except Exception as error:  # whatever is wrong with a part, the answer about the others must not suffer
        log.warning("readyz: %s: %s", name, error)
        result = {"ok": False, "reason": type(error).__name__}
    return {**result, "milliseconds": round((time.monotonic() - started) * 1000, 1)}
