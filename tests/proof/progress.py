"""What a run of the kill matrix has tried already, in a file, so that an interrupted run goes on where it was."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Case:
    """One kill: where, what was under way by the database's word, and what differed afterwards (nothing, if right)."""

    act: str
    place: str
    moment: str
    under_way: str
    differences: tuple[str, ...]
    seconds: float


class Progress:
    """The cases of one set of crash points; those of another set (`subject`: anything JSON) are forgotten."""

    def __init__(self, path: Path, subject: Any) -> None:
        self._path = path
        digest = hashlib.sha256(json.dumps(subject, sort_keys=True, default=str).encode()).hexdigest()
        lines = path.read_text().splitlines() if path.exists() else []
        if not lines or lines[0] != digest:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(digest + "\n")
            lines = [digest]
        self.cases = [_case(line) for line in lines[1:] if line.endswith("}")]  # the last may have been cut off

    def add(self, case: Case) -> None:
        """Safe in several processes: one write, at the end of the file."""
        with self._path.open("ab", buffering=0) as file:
            file.write(json.dumps(asdict(case)).encode() + b"\n")

    def end(self) -> None:
        """All is tried; the next run begins anew."""
        self._path.unlink(missing_ok=True)


def _case(line: str) -> Case:
    read = json.loads(line)
    return Case(**{**read, "differences": tuple(read["differences"])})
