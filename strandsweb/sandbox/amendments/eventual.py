"""EC2: states that a network resource reaches after a while, and client tokens that make nothing twice.

What ends by itself (a deleted gateway that still holds an address) follows from the time of the deletion: whoever looks
next sees it done, and nothing runs in the background.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.responses._base_response import EC2BaseResponse

from strandsweb.sandbox import determinism
from strandsweb.sandbox.emulations.store import Tokens

SETTLE_SECONDS = 0.3

_endings: list[Callable[[Any], None]] = []


class Settling:
    """An attribute of moto's that reads as another state until some time after it was set."""

    def __init__(self, **on_the_way: str) -> None:
        self._on_the_way = on_the_way

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, thing: Any, owner: type | None = None) -> Any:
        if thing is None:
            return self
        state = thing.__dict__[self._name]
        since = determinism.now() - thing.__dict__.get("state_changed", 0.0)
        return state if since >= SETTLE_SECONDS else self._on_the_way.get(state, state)

    def __set__(self, thing: Any, state: str) -> None:
        thing.__dict__[self._name] = state
        thing.__dict__["state_changed"] = determinism.now()


def settle_on(model: type, name: str, **on_the_way: str) -> None:
    """Makes the attribute of a class of moto's settle: `available="pending"` reads pending first."""
    attribute = Settling(**on_the_way)
    attribute.__set_name__(model, name)
    setattr(model, name, attribute)


def at_the_end(ending: Callable[[Any], None]) -> None:
    """Has `ending` finish what is over by now, given EC2's backend, before anything looks at it."""
    _endings.append(ending)


def once(responses: type, operation: str, made_of: Callable[[Any, str], Any], id_of: Callable[[Any], str]) -> None:
    """The same client token with the same parameters is answered with what it has made, from its id, while that is."""
    original = getattr(responses, operation)

    def answered(self: Any) -> Any:
        parameters = {key: value for key, value in self.params.items() if key not in ("Action", "Version")}
        tokens: Tokens = self.ec2_backend.__dict__.setdefault("client_tokens", Tokens())
        known = tokens.known(operation, parameters, mismatch="IdempotentParameterMismatch")
        made = None if known is None else made_of(self.ec2_backend, known)
        if made is not None:
            return ActionResult(made)
        answer = original(self)
        tokens.remember(operation, parameters, id_of(answer.result))
        return answer

    setattr(responses, operation, answered)


def install() -> None:
    find = vars(EC2BaseResponse)["ec2_backend"].fget

    def settled(self: EC2BaseResponse) -> Any:
        backend = find(self)
        for ending in _endings:
            ending(backend)
        return backend

    EC2BaseResponse.ec2_backend = property(settled)  # type: ignore[assignment]
