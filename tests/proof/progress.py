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
    """The cases of one subject (any JSON) that were right; those of another one are forgotten."""

    def __init__(self, path: Path, subject: Any) -> None:
        self._path = path
        digest = hashlib.sha256(json.dumps(subject, sort_keys=True, default=str).encode()).hexdigest()
        lines = path.read_text().splitlines() if path.exists() else []
        whole = [line for line in lines[1:] if line.endswith("}")] if lines[:1] == [digest] else []
        self.cases = [case for case in map(_case, whole) if not case.differences]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(digest + "\n")  # without a line that was cut off
        for case in self.cases:
            self.add(case)

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
