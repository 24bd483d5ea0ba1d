"""Which route of an HTTP API answers a request; pure. Rules: API Gateway developer guide, "Routes for HTTP APIs"."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote


@dataclass(frozen=True, slots=True)
class Match:
    """A chosen route key and the values of its path's variables, decoded."""

    route_key: str
    parameters: dict[str, str] = field(default_factory=dict)


def match_route(route_keys: Iterable[str], method: str, path: str) -> Match | None:
    """The most specific route: a full match before a greedy one, a literal before a variable, a method before ANY.

    >>> match_route(["ANY /{proxy+}", "GET /a/{b}"], "GET", "/a/1")
    Match(route_key='GET /a/{b}', parameters={'b': '1'})
    """
    best: tuple[tuple[int, ...], Match] | None = None
    asked = [part for part in path.split("/") if part]
    default = None
    for key in route_keys:
        if key == "$default":
            default = Match(key)
            continue
        wanted_method, _, pattern = key.partition(" ")
        if wanted_method not in {"ANY", method}:
            continue
        fit = _fit([part for part in pattern.split("/") if part], asked)
        if fit is None:
            continue
        rank, parameters = fit
        rank = (*rank, 0 if wanted_method == method else 1)
        if best is None or rank < best[0]:
            best = (rank, Match(key, parameters))
    return best[1] if best else default


def _fit(pattern: list[str], asked: list[str]) -> tuple[tuple[int, ...], dict[str, str]] | None:
    """How well a pattern fits (smaller is better) and its variables; None when it does not."""
    parameters: dict[str, str] = {}
    variables = 0
    for index, part in enumerate(pattern):
        if part.startswith("{") and part.endswith("+}"):
            if index >= len(asked):
                return None
            parameters[part[1:-2]] = "/".join(unquote(value) for value in asked[index:])
            return (1, -index, variables), parameters
        if index >= len(asked):
            return None
        if part.startswith("{") and part.endswith("}"):
            parameters[part[1:-1]] = unquote(asked[index])
            variables += 1
        elif part != unquote(asked[index]):
            return None
    if len(asked) != len(pattern):
        return None
    return (0, 0, variables), parameters
