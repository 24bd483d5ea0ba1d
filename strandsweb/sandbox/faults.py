"""Errors and delays injected on purpose, so that tests can see what the product makes of a bad day."""

from __future__ import annotations

import threading
from dataclasses import dataclass, fields, replace
from typing import Any

from strandsweb.sandbox.calls import Call


@dataclass(frozen=True, slots=True)
class Fault:
    """Answers matching calls with an error, `times` times (0: until removed), instead of performing them.

    `service` and `operation` are boto3's and CloudTrail's names, `*` matches any; `containing` must occur in the
    address or the body. `after` performs the call first and then answers with the error, as a lost response does.
    """

    service: str = "*"
    operation: str = "*"
    code: str = "InternalFailure"
    status: int = 500
    message: str = "Injected by the sandbox."
    times: int = 1
    containing: str = ""
    after: bool = False

    @classmethod
    def from_json(cls, value: Any) -> Fault:
        """Raises ValueError when a key is unknown or a value has the wrong type."""
        if not isinstance(value, dict):
            raise ValueError("A fault is an object.")
        known = {item.name: type(item.default) for item in fields(cls)}
        for key, given in value.items():
            if key not in known:
                raise ValueError(f"Unknown key {key!r}; a fault has {', '.join(known)}.")
            if type(given) is not known[key]:
                raise ValueError(f"{key} must be of type {known[key].__name__}.")
        return cls(**value)

    def matches(self, call: Call, text: bytes) -> bool:
        return (
            self.service in {"*", call.service}
            and self.operation in {"*", call.operation}
            and self.containing.encode() in text
        )


class Faults:
    """The faults waiting for their call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def waiting(self) -> list[Fault]:
        with self._lock:
            return list(self._faults)

    def take(self, call: Call, text: bytes) -> Fault | None:
        """The first fault for this call, counted down; None when there is none."""
        if not self._faults:  # the usual case costs no lock
            return None
        with self._lock:
            for index, fault in enumerate(self._faults):
                if fault.matches(call, text):
                    if fault.times == 1:
                        del self._faults[index]
                    elif fault.times:
                        self._faults[index] = replace(fault, times=fault.times - 1)
                    return fault
        return None
