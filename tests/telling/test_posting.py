"""One POST: to the address that was checked, no further, and not for long."""

from __future__ import annotations

import socket
import threading
from time import monotonic

import pytest

from deployments.telling.addresses import Blocked
from deployments.telling.posting import GiveUp, TryAgain, post
from tests.telling.conftest import Receiver


def test_it_arrives_under_the_name_at_the_address_that_was_looked_up(receiver: Receiver) -> None:
    url = receiver.url.replace("127.0.0.1", "chat.invalid")
    assert post(url, b"{}", {"X-One": "1"}, look_up=lambda host, port: ["127.0.0.1"]) == "Answered 200."
    ((path, headers, body),) = receiver.came
    assert (path, body, headers["X-One"]) == ("/hook?key=abc", b"{}", "1")
    assert headers["Host"].startswith("chat.invalid:")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(receiver: Receiver, status: int) -> None:
    receiver.status, receiver.headers = status, {"Location": receiver.url}
    with pytest.raises(GiveUp, match="redirects are not followed"):
        post(receiver.url, b"", {})
    assert len(receiver.came) == 1


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_what_may_pass_is_tried_again(receiver: Receiver, status: int) -> None:
    receiver.status, receiver.headers = status, {"Retry-After": "99999999"}
    with pytest.raises(TryAgain) as failure:
        post(receiver.url, b"", {})
    assert failure.value.after_seconds == 3600


@pytest.mark.parametrize("status", [400, 401, 404, 410])
def test_what_will_not_pass_is_not(receiver: Receiver, status: int) -> None:
    receiver.status = status
    with pytest.raises(GiveUp):
        post(receiver.url, b"", {})


def test_an_answer_that_trickles_in_is_cut_off(receiver: Receiver) -> None:
    receiver.drips = threading.Event()
    began = monotonic()
    with pytest.raises(TryAgain, match="in time"):
        post(receiver.url, b"", {}, total_seconds=0.2)
    assert monotonic() - began < 3


def test_nobody_there_is_tried_again(receiver: Receiver) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(TryAgain, match="ConnectionRefusedError"):
            post(f"http://127.0.0.1:{taken.getsockname()[1]}/", b"", {})


def test_a_host_that_speaks_no_tls_is_said_to_be_unreachable(receiver: Receiver) -> None:
    with pytest.raises(TryAgain, match="could not be reached"):
        post(receiver.url.replace("http:", "https:"), b"", {})


def test_a_name_that_nobody_has_is_tried_again() -> None:
    with pytest.raises(TryAgain, match="no address"):
        post("https://x.invalid/", b"", {}, look_up=lambda host, port: [])


def test_loopback_is_refused_where_it_is_not_allowed() -> None:
    with pytest.raises(Blocked):
        post("https://localhost/", b"", {}, look_up=lambda host, port: ["127.0.0.1"])
