"""`python -m strandsweb.healthcheck web|worker`: exit code 0 when the process of this container is alive."""

from __future__ import annotations

import os
import socket
import sys
from http import HTTPStatus
from http.client import HTTPConnection

from strandsweb import heartbeat


def web() -> bool:
    """The web process answers, asked by a host name that it accepts."""
    host = os.environ["ALLOWED_HOSTS"].split(",")[0].strip().lstrip(".")
    asked = HTTPConnection("127.0.0.1", int(os.environ.get("PORT") or 8000), timeout=heartbeat.ANSWER_SECONDS)
    asked.request("GET", "/healthz", headers={"Host": host})
    return asked.getresponse().status == HTTPStatus.OK


def worker() -> bool:
    """This very worker, not only some worker, gave a sign of life lately."""
    with heartbeat.connect(os.environ["BROKER_URL"]) as client:
        return f"celery@{socket.gethostname()}" in heartbeat.alive(client)


if __name__ == "__main__":
    sys.exit(not {"web": web, "worker": worker}[sys.argv[1]]())
