"""What is wrong with a configuration, said so that a person can put it right."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding: `line` and `column` count from 1, `path` reads like `agents[0].memory`."""

    line: int
    column: int
    path: str
    message: str
    suggestion: str = ""
    severity: Severity = "error"

    def __str__(self) -> str:
        where = f"line {self.line}, column {self.column}" + (f", {self.path}" if self.path else "")
        return f"{where}: {self.message}" + (f" ({self.suggestion})" if self.suggestion else "")


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word most like `word`, or an empty text when none is alike."""
    matches = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return matches[0] if matches else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A suggestion naming the nearest known word, or listing all of them when there are few."""
    choices = sorted(known)
    if match := nearest(word, choices):
        return f"did you mean {match}?"
    if not choices:
        return ""
    return "known: " + ", ".join(choices) if len(choices) <= 30 else ""


def shown(text: str) -> str:
    """A value as a message quotes it: short, on one line."""
    printable = text if text.isprintable() else ascii(text)[1:-1]
    return f'"{printable}"' if len(printable) <= 40 else f'"{printable[:37]}..."'
