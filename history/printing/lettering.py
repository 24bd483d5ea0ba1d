"""Fonts of reports, and texts of anybody made fit for them: escaped, bounded, and nothing that steers or hides."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from django.conf import settings
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

TEXT, BOLD, MONO = "DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono"
UNKNOWN = "\N{WHITE VERTICAL RECTANGLE}"
"""Stands for what the fonts have no letter for, and for what would be invisible."""
MOST_LINES = 40


@cache
def ready() -> frozenset[int]:
    """Loads the fonts, once per process; answers the characters that all of them have."""
    folder = Path(settings.BASE_DIR) / "static" / "vendor" / "dejavu-fonts-ttf"
    known: list[set[int]] = []
    for name in (TEXT, BOLD, MONO):
        font: Any = TTFont(name, str(folder / f"{name}.ttf"))
        pdfmetrics.registerFont(font)
        known.append(set(font.face.charToGlyph))
    pdfmetrics.registerFontFamily(TEXT, normal=TEXT, bold=BOLD, italic=TEXT, boldItalic=BOLD)
    return frozenset(set.intersection(*known))


def plain(text: str, longest: int = 1000) -> str:
    """The text with characters that can be printed, in so many of them at most, and not in too many lines."""
    known = ready()
    shown = "".join(
        each if each == "\n" or (each.isprintable() and ord(each) in known) else UNKNOWN
        for each in text[:longest].replace("\r\n", "\n").expandtabs(4)
    )
    lines = shown.split("\n")
    cut = len(text) > longest or len(lines) > MOST_LINES
    return "\n".join(lines[:MOST_LINES]) + (" …" if cut else "")


def inert(text: object, longest: int = 1000) -> str:
    """The text as a paragraph takes it: none of it is markup, leading blanks stay."""
    lines = escape(plain(str(text), longest)).split("\n")
    return "<br/>".join("\N{NO-BREAK SPACE}" * (len(line) - len(line.lstrip(" "))) + line.lstrip(" ") for line in lines)
