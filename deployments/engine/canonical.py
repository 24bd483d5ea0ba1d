"""One way to write a value down, so that equal values have equal bytes and equal digests."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def dumps(value: Any) -> str:
    """The value as canonical JSON: keys sorted, no white space, UTF-8 kept, no NaN or infinity.

    Raises:
        ValueError, TypeError: the value is not plain JSON (a float NaN, a set, a datetime ...).
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON, 64 lower-case hex digits."""
    return hashlib.sha256(dumps(value).encode()).hexdigest()
