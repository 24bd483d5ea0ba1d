"""HTTP messages as values, so that a request can be performed now, written down, and performed again after a crash."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY

UNDERSCORE = ".underscore."  # how the server spells the underscores that WSGI cannot carry

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request: `uri` is path and query as they arrived (still percent-encoded); header names are lower case."""

    method: str
    uri: str
    headers: Headers = ()
    body: bytes = b""

    @property
    def path(self) -> str:
        return self.uri.split("?", 1)[0]

    @property
    def query(self) -> str:
        return self.uri.partition("?")[2]

    def parameters(self) -> dict[str, str]:
        """The query string as a dictionary; of a repeated name the last value."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    def header(self, name: str, default: str = "") -> str:
        for key, value in self.headers:
            if key == name:
                return value
        return default

    @classmethod
    def from_environ(cls, environ: dict[str, Any]) -> Request:
        """The request of a WSGI environment whose server gives REQUEST_URI as it arrived (waitress does)."""
        uri: str = environ["REQUEST_URI"]
        if not uri.startswith("/"):  # absolute form, as a proxy would send it
            parts = urlsplit(uri)
            uri = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        names = [
            (key[5:].lower().replace("_", "-").replace(UNDERSCORE, "_"), value)
            for key, value in environ.items()
            if key.startswith("HTTP_")
        ]
        if environ.get("CONTENT_TYPE"):
            names.append(("content-type", environ["CONTENT_TYPE"]))
        return cls(environ["REQUEST_METHOD"], uri, tuple(names), environ["wsgi.input"].read())

    def to_environ(self) -> dict[str, Any]:
        """A WSGI environment for moto, which wants the untouched address under RAW_URI."""
        host = self.header("host", "127.0.0.1")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(self.path).decode("latin-1"),
            "QUERY_STRING": self.query,
            "RAW_URI": self.uri,
            "REQUEST_URI": self.uri,
            "SERVER_NAME": host.split(":")[0],
            "SERVER_PORT": host.partition(":")[2] or "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": host,
            "CONTENT_LENGTH": str(len(self.body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(self.body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,
        }
        for name, value in self.headers:
            if name == "content-type":
                environ["CONTENT_TYPE"] = value
            elif name not in {"content-length", "transfer-encoding"}:
                key = "HTTP_" + name.upper().replace("-", "_")
                environ[key] = value
                if name.startswith("x-amz-meta-"):  # metadata keep their spelling
                    environ.setdefault(PRESERVED_HEADER_NAMES_ENVIRON_KEY, {})[key] = name
        return environ


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response with its whole body."""

    status: int
    headers: Headers = ()
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str, default: str = "") -> str:
        for key, value in self.headers:
            if key.lower() == name:
                return value
        return default

    def send(self, start_response: Callable[..., Any], *, head: bool = False) -> Iterable[bytes]:
        """Answers a WSGI call; with `head` the length is the one named, as a HEAD answer has one without a body."""
        headers = [(name, value) for name, value in self.headers if name.lower() != "content-length"]
        length = self.header("content-length", "0") if head else str(len(self.body))
        if self.status not in {204, 304}:
            headers.append(("Content-Length", length))
        start_response(f"{self.status} {_reason(self.status)}", headers)
        return [] if head else [self.body]


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def call_wsgi(application: Callable[..., Iterable[bytes]], request: Request) -> Answer:
    """Calls a WSGI application in this process and collects its whole answer. Its exceptions pass through."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], None]:
        started.append((status, headers))
        return lambda _: None

    chunks = application(request.to_environ(), start_response)
    try:
        body = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    status, headers = started[-1]
    return Answer(int(status.split(" ", 1)[0]), tuple(headers), body)
