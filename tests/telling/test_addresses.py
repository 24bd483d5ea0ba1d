"""Messages go to public addresses, and to what the operator allows, and nowhere else."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest

from deployments.telling.addresses import Blocked, Unresolved, check, is_public, resolve

PUBLIC = ["8.8.8.8", "52.94.236.248", "2600:1f18::1", "2a00:1450:4001::1"]
INSIDE = [
    "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "169.254.170.2", "100.64.0.1",
    "100.100.100.200", "168.63.129.16", "192.0.0.192", "0.0.0.0", "255.255.255.255", "224.0.0.1", "198.18.0.1",
    "192.88.99.1", "240.0.0.1", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1",
    "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2001:0:7f00:1::",
    "2001:db8::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", INSIDE)
def test_what_leads_inside_is_not(address: str) -> None:
    assert not is_public(ip_address(address))
    with pytest.raises(Blocked, match="not on the public internet"):
        resolve("https://example.com/x", lambda host, port: [address])


def test_one_inner_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(Blocked):
        resolve("https://example.com/x", lambda host, port: ["8.8.8.8", "10.0.0.1"])


def test_a_name_is_looked_up_once_and_stays_what_it_was() -> None:
    asked: list[tuple[str, int]] = []

    def look_up(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["8.8.8.8"]

    found = resolve("https://Example.com:8443/a/b?c=d#e", look_up)
    assert (found.host, found.port, found.path, found.address) == ("example.com", 8443, "/a/b?c=d", "8.8.8.8")
    assert asked == [("example.com", 8443)]


def test_the_operator_allows_networks_but_never_metadata(settings: Any) -> None:
    settings.NOTIFY_NETWORKS = ["10.1.0.0/16", "169.254.0.0/16", "::/0", "127.0.0.0/8"]
    assert resolve("http://chat.local/x", lambda host, port: ["10.1.2.3"]).scheme == "http"
    assert resolve("https://chat.local/x", lambda host, port: ["::ffff:10.1.2.3"])
    for address in ("10.2.0.1", "169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "fd00:ec2::254"):
        with pytest.raises(Blocked):
            resolve("https://chat.local/x", lambda host, port, address=address: [address])


@pytest.mark.parametrize(
    "url",
    [
        "", "x", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "https://", "https:///x",
        "https://user:pass@example.com/", "https://user@example.com/", "https://example.com:99999/",
        "https://example.com/a b", "https://example.com/\r\nX: y", "https://example.com\\@10.0.0.1/",
        "https://[::1/", "https://10.0.0.1/", "https://[::1]/", "https://127.0.0.1:6379/", "https://169.254.169.254/",
        "http://8.8.8.8/", "https://example.com/\u00fc", "https://" + "a" * 300 + ".example/",
    ],
)  # fmt: skip
def test_what_is_refused_when_it_is_entered(url: str) -> None:
    with pytest.raises(Blocked):
        check(url)


def test_plain_http_goes_to_allowed_networks_alone() -> None:
    with pytest.raises(Blocked, match="https"):
        resolve("http://example.com/", lambda host, port: ["8.8.8.8"])


@pytest.mark.parametrize("address", ["0x7f000001", "2130706433", "0177.0.0.1", "127.1"])
def test_other_spellings_of_loopback_lead_to_loopback_and_are_refused(address: str) -> None:
    with pytest.raises((Blocked, Unresolved)):
        resolve(f"https://{address}/")


def test_hosts_are_named_for_people() -> None:
    assert check("https://hooks.slack.com/services/T/B/x") == "hooks.slack.com"
    assert check("https://example.com:8443/x") == "example.com:8443"


def test_a_name_without_address_may_have_one_later() -> None:
    def nothing(host: str, port: int) -> list[str]:
        raise OSError

    with pytest.raises(Unresolved):
        resolve("https://example.com/", nothing)
