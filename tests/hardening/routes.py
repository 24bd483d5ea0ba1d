"""Every address of the installation, walked from the URL configuration: name, parameters, view."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver


@dataclass(frozen=True)
class Route:
    """One address: its name, the names of its parameters in order, and what answers it."""

    name: str
    parameters: tuple[str, ...]
    view: Callable[..., Any]

    def __str__(self) -> str:
        return self.name


def routes() -> list[Route]:
    """All of them, as the resolver would try them."""
    return list(_walk(get_resolver().url_patterns, ()))


def _walk(patterns: list[URLPattern | URLResolver], before: tuple[str, ...]) -> Iterator[Route]:
    for pattern in patterns:
        names = (*before, *_parameters(pattern))
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, names)
        else:
            assert pattern.name, f"{pattern.pattern} has no name"
            yield Route(pattern.name, names, pattern.callback)


def _parameters(pattern: URLPattern | URLResolver) -> tuple[str, ...]:
    regex = pattern.pattern.regex
    return tuple(sorted(regex.groupindex, key=lambda name: regex.groupindex[name]))
