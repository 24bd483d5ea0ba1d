"""Which addresses on the network a message may go to: public ones, and those the operator allowed.

People choose where channels lead, and the server sends: without this they could make it knock at what only it can
reach (metadata of its machine, databases, other tenants). A name is resolved once, every address it has must be
allowed, and the connection goes to that very address, so that a name cannot mean something else a moment later.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], list[str]]

# Beside what Python knows as private, loopback, link-local or reserved: ranges that lead elsewhere, or into a cloud.
_NEVER = [
    ip_network(each)
    for each in (
        "169.254.0.0/16",  # link-local, and with it the metadata of machines at most clouds
        "fe80::/10",
        "fd00:ec2::/32",  # Amazon's metadata and time by IPv6
        "168.63.129.16/32",  # Azure's platform
        "100.100.100.200/32",  # Alibaba's metadata
        "192.0.0.0/24",  # Oracle's metadata is here
        "224.0.0.0/4",
        "ff00::/8",
        "0.0.0.0/8",
        "::/128",
    )
]
_TUNNELS = [ip_network(each) for each in ("192.88.99.0/24", "2002::/16", "2001::/23")]
NOT_PLAIN = "The address has to begin with https://."
_GLOBAL_IPV6 = ip_network("2000::/3")


class Blocked(Exception):
    """The address may not be sent to; the text says why, and names nothing the person did not enter."""


class Unresolved(Exception):
    """The name has no address just now."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a message goes: to this address, under this name."""

    scheme: str
    host: str
    port: int
    path: str
    address: str


def check(url: str) -> str:
    """The host of an acceptable URL, as far as can be told without the network.

    Raises:
        Blocked: with the sentence why.
    """
    scheme, host, port, _ = _parts(url)
    if (literal := _literal(host)) is not None:
        _allow(scheme, [literal])
    elif scheme != "https" and not settings.NOTIFY_NETWORKS:
        raise Blocked(NOT_PLAIN)
    return host if port in (80, 443) else f"{host}:{port}"


def resolve(url: str, look_up: Resolve | None = None) -> Target:
    """Where the URL leads now; `look_up` answers the addresses of a host and port.

    Raises:
        Blocked: somewhere that messages may not go to.
        Unresolved: nowhere.
    """
    scheme, host, port, path = _parts(url)
    try:
        found = [ip_address(each.partition("%")[0]) for each in (look_up or _addresses)(host, port)]
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise Unresolved("The host's name has no address.")
    _allow(scheme, found)
    return Target(scheme, host, port, path, str(found[0]))


def is_public(address: Address) -> bool:
    """Whether anybody on the internet can reach it, directly."""
    if not address.is_global or address.is_multicast or any(address in each for each in _NEVER + _TUNNELS):
        return False
    return isinstance(address, IPv4Address) or address in _GLOBAL_IPV6


def is_allowed(address: Address) -> bool:
    """Whether the operator said that messages may go there, although it is not public (`NOTIFY_NETWORKS`)."""
    address = _unwrapped(address)
    if any(address in each for each in _NEVER):
        return False
    return any(address in ip_network(each) for each in settings.NOTIFY_NETWORKS)


def _allow(scheme: str, found: list[Address]) -> None:
    """One address that is not allowed is enough to refuse: which one is used is not left to chance."""
    inside = all(is_allowed(each) for each in found)
    if not inside and not all(is_public(each) or is_allowed(each) for each in found):
        raise Blocked("The host is not on the public internet; this installation sends nothing to such addresses.")
    if scheme != "https" and not inside:
        raise Blocked(NOT_PLAIN)


def _unwrapped(address: Address) -> Address:
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def _parts(url: str) -> tuple[str, str, int, str]:
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode() if not _literal(parts.hostname or "") else parts.hostname
        port = parts.port
    except (ValueError, UnicodeError):
        raise Blocked("This is not an address.") from None
    if not url.isprintable() or any(each.isspace() for each in url) or "\\" in url:
        raise Blocked("This is not an address.")
    if parts.scheme not in ("http", "https") or not host:
        raise Blocked("The address has to begin with https:// and name a host.")
    if parts.username is not None or parts.password is not None:
        raise Blocked("The address must not hold a user name or password.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not path.isascii():
        raise Blocked("Letters beyond ASCII in the address have to be percent-encoded.")
    return parts.scheme, host, port or (443 if parts.scheme == "https" else 80), path


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _addresses(host: str, port: int) -> list[str]:
    return list(dict.fromkeys(str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
