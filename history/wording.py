"""Values as words for people (pure)."""

from __future__ import annotations

import json
import re
from typing import Any

LONGEST_VALUE = 120

_MISLEADING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]")
"""Characters that steer a terminal, hide, or show a text in another order than it is read."""


def shown(value: Any) -> str:
    """A value in one bounded line: texts bare, everything else as compact JSON."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_VALUE else f"{line[: LONGEST_VALUE - 1]}…"


def fitting(value: str, longest: int) -> str:
    """What a column can hold of a text: no NUL (PostgreSQL refuses it), no half characters, bounded."""
    return value.replace("\0", "").encode(errors="replace").decode()[:longest]


def visible(text: str) -> str:
    """The text with what hides, or misleads who reads it, spelt out: `⟨U+202E⟩`. Line ends become line feeds."""
    return _MISLEADING.sub(lambda found: f"⟨U+{ord(found.group()):04X}⟩", text.replace("\r\n", "\n"))
