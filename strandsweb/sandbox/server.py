"""waitress, taught to pass on the names of S3 metadata as they are spelled."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from waitress import create_server
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import BaseWSGIServer
from waitress.task import WSGITask

from strandsweb.sandbox.messages import UNDERSCORE

THREADS = 256  # waiting threads are cheap, and added latency makes most of them wait
_METADATA = re.compile(rb"^x-amz-meta-[^:\s]*_[^:\s]*(?=:)", re.IGNORECASE | re.MULTILINE)

_METADATA_SENT = re.compile(rb"^X-Amz-Meta-[^:]*(?=:)", re.MULTILINE)


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    """WSGI cannot tell `a_b` from `a-b`, so waitress drops such headers; S3 keeps both apart."""

    def parse_header(self, header_plus: bytes) -> None:
        kept = _METADATA.sub(lambda found: found.group(0).replace(b"_", UNDERSCORE.encode()), header_plus)
        super().parse_header(kept)
        if self.content_length == 0 and not self.chunked:
            self.expect_continue = False  # waitress would wait for ever for the body of an empty S3 object


class _Task(WSGITask):  # type: ignore[misc]
    """waitress capitalizes header names; boto3 takes metadata keys as they are spelled, and S3 spells them small."""

    def build_response_header(self) -> bytes:
        header: bytes = super().build_response_header()
        return _METADATA_SENT.sub(lambda found: found.group(0).lower(), header)


class _Channel(HTTPChannel):  # type: ignore[misc]
    parser_class = _Parser
    task_class = _Task


def bind(application: Callable[..., Iterable[bytes]], port: int) -> BaseWSGIServer:
    """A server on 127.0.0.1, listening already; port 0 takes a free one. Raises OSError when the port is taken."""
    server: Any = create_server(
        application,
        host="127.0.0.1",
        port=port,
        threads=THREADS,
        connection_limit=2000,
        asyncore_use_poll=True,
        ident="sandbox",
    )
    server.channel_class = _Channel
    return server
