"""A program that receives messages on loopback, a channel that leads there, and mails that arrive in a list."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from allauth.account.models import EmailAddress

from deployments.telling import channels
from deployments.telling.models import Channel
from deployments.telling.occasions import Occasion
from projects.models import Project, User

EVERYTHING = list(Occasion)


@dataclass
class Receiver:
    """What came, as (path, headers, body), and how it answers."""

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drips: threading.Event | None = None
    came: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """Listens on a free port, which messages may go to."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.came.append((self.path, dict(self.headers), body))
            if found.drips is not None:
                self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                found.drips.wait(10)
                return
            self.send_response(found.status)
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Nothing."""

    settings.NOTIFY_NETWORKS = ["127.0.0.0/8"]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}/hook?key=abc"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    if found.drips is not None:
        found.drips.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def add(project: Project, alice: User, receiver: Receiver) -> Callable[[str], Channel]:
    """A channel of a kind that is told everything."""

    def make(kind: str) -> Channel:
        return channels.add(
            project=project, actor=alice, name=kind, kind=kind, address=receiver.url, occasions=EVERYTHING
        )[0]

    return make


@pytest.fixture
def reachable() -> Callable[[User], str]:
    """Gives somebody a verified address."""

    def verify(user: User) -> str:
        address = f"{user.username}@example.com"
        EmailAddress.objects.create(user=user, email=address, verified=True, primary=True)
        return address

    return verify
