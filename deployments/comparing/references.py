"""What is compared, as addresses name it: `record:<deployment's id>`, `environment:dev`, `live:dev` (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

LONGEST = 120


class Kind(StrEnum):
    """What a side is."""

    RECORD = "record"
    ENVIRONMENT = "environment"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Reference:
    """One side; `name` is a deployment's id or an environment's name."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.name}"

    @property
    def moves(self) -> bool:
        """The same reference can mean something else tomorrow."""
        return self.kind is not Kind.RECORD

    @classmethod
    def parse(cls, text: str) -> Reference | None:
        """The inverse of `str`; a bare id, as older links have it, is a record; None for nothing and for nonsense."""
        text = text.strip()
        if not text or len(text) > LONGEST or not text.isprintable():
            return None
        kind, colon, name = text.partition(":")
        if not colon:
            return cls(Kind.RECORD, text)
        return cls(Kind(kind), name) if kind in tuple(Kind) and name else None
