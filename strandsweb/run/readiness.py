"""Ask a program whether it is ready: one short question over loopback, answered with yes or no."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

ANSWER_SECONDS = 5.0


def answers_http(port: int, path: str) -> Callable[[], Awaitable[bool]]:
    """Ready when GET `path` on 127.0.0.1:`port` is answered with 200."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode()

    async def ready() -> bool:
        return (await _ask(port, request)).split(b" ")[1:2] == [b"200"]

    return ready


def answers_ping(port: int, password: str) -> Callable[[], Awaitable[bool]]:
    """Ready when the broker lets us in and answers PING; while it loads its data it does not."""

    async def ready() -> bool:
        return b"+PONG" in await _ask(port, f"AUTH {password}\r\nPING\r\nQUIT\r\n".encode())

    return ready


def accepts_postgres(port: int) -> Callable[[], Awaitable[bool]]:
    """Ready when PostgreSQL answers whether it speaks TLS (`S` or `N`), which it does once it accepts connections.

    Source: PostgreSQL documentation, "Message Formats", SSLRequest.
    """

    async def ready() -> bool:
        return await _ask(port, b"\x00\x00\x00\x08\x04\xd2\x16\x2f", enough=1) in {b"S", b"N"}

    return ready


async def _ask(port: int, question: bytes, enough: int = -1) -> bytes:
    """What 127.0.0.1:`port` answers until it hangs up or `enough` bytes came; nothing when it is late."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(question)
                return await reader.read(enough)
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return b""
