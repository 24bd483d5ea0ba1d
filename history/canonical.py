"""One way to write a value down, so that equal values have equal bytes and equal digests."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def dumps(value: Any) -> bytes:
    """The value as canonical JSON: keys sorted, no white space, UTF-8, no NaN or infinity.

    Half a surrogate pair, which UTF-8 cannot hold, is written as JSON's own escape: whatever a log line contained
    can be recorded.

    Raises:
        ValueError, TypeError: the value is not plain JSON.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode(errors="backslashreplace")


def sha256(data: bytes) -> str:
    """64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()
