"""Configuration text for reading: coloured by classes, line by line, and the difference of two texts."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from django.utils.safestring import SafeString, mark_safe
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers.data import JsonLexer, YamlLexer

MAX_COLOURED_CHARACTERS = 300_000


def lines_of(text: str, language: Literal["yaml", "json"] = "yaml") -> list[SafeString | str]:
    """Each line as safe HTML with Pygments' classes; a text too large to colour stays plain."""
    if len(text) > MAX_COLOURED_CHARACTERS:
        return list(text.split("\n"))
    lexer = YamlLexer(stripnl=False) if language == "yaml" else JsonLexer(stripnl=False)
    html = highlight(text, lexer, HtmlFormatter(nowrap=True))
    # Pygments escapes what it colours, and closes its spans at the end of every line.
    return [mark_safe(line) for line in html.removesuffix("\n").split("\n")]  # noqa: S308


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a difference; `old` and `new` are line numbers, None where the line is not on that side."""

    kind: Literal["same", "added", "removed", "gap"]
    text: str
    old: int | None = None
    new: int | None = None


def difference(before: str, after: str, *, context: int = 3) -> list[DiffLine]:
    """What changed between two texts, with a few unchanged lines around each change; empty when nothing did."""
    return list(_difference(before.splitlines(), after.splitlines(), context))


def _difference(before: list[str], after: list[str], context: int) -> Iterator[DiffLine]:
    matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=len(before) + len(after) > 4000)
    for group in matcher.get_grouped_opcodes(context):
        if group[0][1] > 0:
            yield DiffLine("gap", f"line {group[0][1] + 1}")
        for tag, old_start, old_end, new_start, new_end in group:
            if tag == "equal":
                for index in range(old_end - old_start):
                    old, new = old_start + index, new_start + index
                    yield DiffLine("same", before[old], old + 1, new + 1)
                continue
            for old in range(old_start, old_end):
                yield DiffLine("removed", before[old], old=old + 1)
            for new in range(new_start, new_end):
                yield DiffLine("added", after[new], new=new + 1)
