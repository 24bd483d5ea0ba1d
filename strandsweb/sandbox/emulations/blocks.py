"""Which address blocks are free; pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

Block = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_block(text: str) -> Block:
    """A CIDR block. Raises ValueError when it is none or has host bits."""
    return ipaddress.ip_network(text)


def overlap(one: Block, other: Block) -> bool:
    return one.version == other.version and one.overlaps(other)


def inside(inner: Block, outer: Block) -> bool:
    match inner, outer:
        case ipaddress.IPv4Network(), ipaddress.IPv4Network():
            return inner.subnet_of(outer)
        case ipaddress.IPv6Network(), ipaddress.IPv6Network():
            return inner.subnet_of(outer)
        case _:
            return False


def free_blocks(provided: Iterable[Block], taken: Iterable[Block]) -> list[Block]:
    """What is left of `provided`, as blocks that are as large as they can be."""
    free = list(provided)
    for used in taken:
        left: list[Block] = []
        for block in free:
            if not overlap(block, used):
                left.append(block)
            elif used != block:
                left += _without(block, used)
        free = left
    return free


def _without(block: Block, used: Block) -> list[Block]:
    match block, used:
        case ipaddress.IPv4Network(), ipaddress.IPv4Network() if used.subnet_of(block):
            return list(block.address_exclude(used))
        case ipaddress.IPv6Network(), ipaddress.IPv6Network() if used.subnet_of(block):
            return list(block.address_exclude(used))
        case _:
            return []


def next_block(provided: Iterable[Block], taken: Iterable[Block], length: int) -> Block | None:
    """The first block of that netmask length in the smallest gap that can hold it, None when none can.

    >>> next_block([parse_block("10.0.0.0/16")], [parse_block("10.0.0.0/24")], 24)
    IPv4Network('10.0.1.0/24')
    """
    gaps = [block for block in free_blocks(provided, taken) if block.prefixlen <= length]
    if not gaps:
        return None
    gap = min(gaps, key=lambda block: (-block.prefixlen, int(block.network_address)))
    return parse_block(f"{gap.network_address}/{length}")
