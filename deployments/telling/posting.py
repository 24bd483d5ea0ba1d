"""One POST to somewhere people chose: to a resolved address, without redirects, within bounds of time and size."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from threading import Timer

from deployments.telling.addresses import Resolve, Target, Unresolved, resolve

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
TOTAL_SECONDS = 20.0
"""For everything after connecting, so that an answer that trickles in holds up nobody."""
PATIENCE_SECONDS = 3600.0
"""The longest a recipient may ask us to wait."""


class TryAgain(Exception):
    """It did not arrive, and may later; `after_seconds` is what the recipient asked for, if it did."""

    def __init__(self, message: str, after_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.after_seconds = after_seconds


class GiveUp(Exception):
    """It will not arrive, however often it is tried."""


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    look_up: Resolve | None = None,
    total_seconds: float = TOTAL_SECONDS,
) -> str:
    """Sends it and says in words how that went. The answer's body is not read: it may be anybody's.

    Raises:
        Blocked: the address is not one that messages may go to.
        TryAgain, GiveUp: it was not taken.
    """
    try:
        target = resolve(url, look_up)
        status, retry_after = _exchange(target, body, headers, total_seconds)
    except Unresolved as error:
        raise TryAgain(str(error)) from None
    except ssl.SSLCertVerificationError:
        raise TryAgain("The host's certificate could not be verified.") from None
    except TimeoutError:
        raise TryAgain("The host did not answer in time.") from None
    except (OSError, HTTPException) as error:
        raise TryAgain(f"The host could not be reached ({type(error).__name__}).") from None
    if 200 <= status < 300:
        return f"Answered {status}."
    if status in (408, 425, 429) or status >= 500:
        raise TryAgain(f"Answered {status}.", retry_after)
    if 300 <= status < 400:
        raise GiveUp(f"Answered {status}; redirects are not followed, so enter the address it leads to.")
    raise GiveUp(f"Answered {status}.")


def _exchange(target: Target, body: bytes, headers: Mapping[str, str], total_seconds: float) -> tuple[int, float]:
    """The answer's status, and for how many seconds it asks to be left alone."""
    connection: HTTPConnection
    if target.scheme == "https":
        context = ssl.create_default_context()
        connection = HTTPSConnection(target.host, target.port, context=context)
    else:
        context, connection = None, HTTPConnection(target.host, target.port)
    with socket.create_connection((target.address, target.port), timeout=CONNECT_SECONDS) as plain:
        late = _Late(plain)
        timer = Timer(total_seconds, late)
        timer.daemon = True
        timer.start()
        try:
            # The address is the one that was checked; the certificate has to be of the name.
            connection.sock = context.wrap_socket(plain, server_hostname=target.host) if context else plain
            connection.sock.settimeout(READ_SECONDS)
            connection.request("POST", target.path, body, {**headers, "Connection": "close"})
            answer = connection.getresponse()
            if late.happened:  # what was cut off can look like the end of the headers
                raise TimeoutError
            return answer.status, _retry_after(answer)
        except (OSError, HTTPException):
            if late.happened:
                raise TimeoutError from None
            raise
        finally:
            timer.cancel()
            late.forget()
            connection.close()


class _Late:
    """Ends a connection that takes too long, from another thread, whatever it is waiting for."""

    def __init__(self, plain: socket.socket) -> None:
        self._descriptor = plain.dup()  # TLS takes the socket itself over
        self.happened = False

    def __call__(self) -> None:
        self.happened = True
        try:
            self._descriptor.shutdown(socket.SHUT_RDWR)
        except OSError:  # it has just ended by itself
            return

    def forget(self) -> None:
        self._descriptor.close()


def _retry_after(answer: HTTPResponse) -> float:
    said = answer.getheader("Retry-After") or ""
    return min(float(said), PATIENCE_SECONDS) if said.isascii() and said.isdigit() else 0.0
