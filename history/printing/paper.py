"""A report as it is written, one part after the other, and then printed as PDF: equal parts make equal bytes."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import CondPageBreak, Flowable, LongTable, Paragraph, SimpleDocTemplate, Spacer, Table

from history.printing.lettering import BOLD, MONO, TEXT, inert, plain, ready

WIDTH = A4[0] - 36 * mm
"""Of what is written on a page, in points."""
INK, FAINT, RULE, SHADE = HexColor("#1f2937"), HexColor("#5b6472"), HexColor("#d5dae1"), HexColor("#f4f6f8")
COLOURS = {
    "good": HexColor("#18794e"),
    "bad": HexColor("#c02d2d"),
    "doubtful": HexColor("#9a6700"),
    "plain": HexColor("#2563a8"),
    "faint": HexColor("#8a94a3"),
}
_BODY = ParagraphStyle("body", fontName=TEXT, fontSize=8.5, leading=12, textColor=INK, splitLongWords=1)
STYLES = {
    "body": _BODY,
    "title": ParagraphStyle("title", _BODY, fontName=BOLD, fontSize=17, leading=21),
    "lead": ParagraphStyle("lead", _BODY, fontSize=10.5, leading=15, textColor=FAINT),
    "heading": ParagraphStyle("heading", _BODY, fontName=BOLD, fontSize=12, leading=16, spaceBefore=12, spaceAfter=4),
    "subheading": ParagraphStyle("subheading", _BODY, fontName=BOLD, fontSize=9, leading=12, spaceBefore=6),
    "faint": ParagraphStyle("faint", _BODY, fontSize=7.5, leading=10, textColor=FAINT),
    "head": ParagraphStyle("head", _BODY, fontName=BOLD, fontSize=7.5, leading=10, textColor=FAINT),
    "head-number": ParagraphStyle(
        "head-number", _BODY, fontName=BOLD, fontSize=7.5, textColor=FAINT, alignment=TA_RIGHT
    ),
    "cell": ParagraphStyle("cell", _BODY, fontSize=7.5, leading=10),
    "code": ParagraphStyle("code", _BODY, fontName=MONO, fontSize=6.8, leading=9.2),
    "number": ParagraphStyle("number", _BODY, fontSize=7.5, leading=10, alignment=TA_RIGHT),
    "figure": ParagraphStyle("figure", _BODY, fontName=BOLD, fontSize=14, leading=18),
}
_printing = Lock()


class Paper:
    """What is written so far. Texts are anybody's: nothing in them is markup."""

    def __init__(self, *, title: str, address: str = "", seal: str = "", made_at: datetime) -> None:
        """`address` is where to look on, `seal` is on every page, `made_at` (aware) is the date of the document."""
        ready()
        self._title, self._address, self._seal, self._made_at = plain(title, 200), address, plain(seal, 150), made_at
        self._parts: list[Flowable] = []

    def title(self, above: str, title: str, lead: str = "") -> None:
        """The block at the top, with the address as a picture that a phone reads."""
        words: list[Flowable] = [_said(above, "faint"), _said(title, "title"), Spacer(0, 2 * mm), _said(lead, "lead")]
        if not self._address:
            self._parts += [*words, Spacer(0, 3 * mm)]
            return
        row = Table([[words, _code(self._address)]], colWidths=[WIDTH - 28 * mm, 28 * mm])
        row.setStyle([*_FLUSH, ("VALIGN", (0, 0), (-1, -1), "TOP"), ("ALIGN", (1, 0), (1, 0), "RIGHT")])
        self._parts += [row, Spacer(0, 3 * mm)]

    def heading(self, text: str) -> None:
        """A part begins; never at the foot of a page."""
        self._parts += [CondPageBreak(30 * mm), _said(text, "heading")]

    def text(self, text: str, style: str = "body", *, colour: str = "", longest: int = 2000) -> None:
        """A paragraph, in a style of `STYLES` and a colour of `COLOURS`."""
        self._parts.append(_said(text, style, colour, longest))

    def space(self, height_mm: float = 2) -> None:
        """Some room."""
        self._parts.append(Spacer(0, height_mm * mm))

    def facts(self, facts: Sequence[tuple[str, str]], *, columns: int = 3) -> None:
        """Names over values, side by side."""
        cells = [[_said(name, "head"), _said(value, "body", longest=300)] for name, value in facts]
        rows = [cells[at : at + columns] for at in range(0, len(cells), columns)]
        grid: list[Any] = [row + [""] * (columns - len(row)) for row in rows]
        table = Table(grid, colWidths=[WIDTH / columns] * columns)
        table.setStyle([*_FLUSH, ("VALIGN", (0, 0), (-1, -1), "TOP"), ("BOTTOMPADDING", (0, 0), (-1, -1), 6)])
        self._parts.append(table)

    def table(
        self, head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float], styles: Sequence[str]
    ) -> None:
        """Rows under a head that each page repeats; `widths` are shares of the page, `styles` those of the columns."""
        whole = sum(widths)
        heads = ["head-number" if style == "number" else "head" for style in styles]
        cells: list[Any] = [[_said(name, style) for name, style in zip(head, heads, strict=True)]]
        cells += [[_said(each, style, longest=400) for each, style in zip(row, styles, strict=True)] for row in rows]
        table = LongTable(cells, colWidths=[WIDTH * share / whole for share in widths], repeatRows=1)
        table.setStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
                ("BACKGROUND", (0, 0), (-1, 0), SHADE),
                ("TOPPADDING", (0, 0), (-1, -1), 2.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
                ("LEFTPADDING", (0, 0), (-1, -1), 4),
                ("RIGHTPADDING", (0, 0), (-1, -1), 4),
            ]
        )
        self._parts += [Spacer(0, 1 * mm), table, Spacer(0, 2 * mm)]

    def drawing(self, drawing: Drawing) -> None:
        """A picture, as wide as the page at most."""
        self._parts.append(drawing)

    def pdf(self) -> bytes:
        """The document."""
        out = io.BytesIO()
        document = SimpleDocTemplate(
            out,
            pagesize=A4,
            leftMargin=18 * mm - 6,  # a frame has a padding of 6 points
            rightMargin=18 * mm - 6,
            topMargin=16 * mm,
            bottomMargin=20 * mm,
            title=self._title,
            author="strandsweb",
            subject=self._address or self._title,
            creator="strandsweb",
            lang="en",
            invariant=1,
        )
        paper = self

        class Numbered(Canvas):
            """Knows how many pages there are before the first is finished."""

            def __init__(self, *arguments: Any, **named: Any) -> None:
                super().__init__(*arguments, **named)
                _dated(self, paper._made_at)
                self._pages: list[dict[str, Any]] = []

            def showPage(self) -> None:
                """Keeps the page until all are there."""
                self._pages.append(dict(self.__dict__))
                self._startPage()  # type: ignore[attr-defined]

            def save(self) -> None:
                """Writes the foot of each page, and all of them."""
                for number, page in enumerate(self._pages, 1):
                    self.__dict__.update(page)
                    paper._foot(self, number, len(self._pages))
                    super().showPage()
                super().save()

        with _printing:  # fonts keep what they are used for in places that all documents share
            document.build(list(self._parts), canvasmaker=Numbered)
        return out.getvalue()

    def _foot(self, canvas: Canvas, number: int, pages: int) -> None:
        canvas.setStrokeColor(RULE)
        canvas.line(18 * mm, 15 * mm, A4[0] - 18 * mm, 15 * mm)
        canvas.setFillColor(FAINT)
        canvas.setFont(TEXT, 7)
        canvas.drawString(18 * mm, 11 * mm, self._title)
        canvas.drawRightString(A4[0] - 18 * mm, 11 * mm, f"{number} of {pages}")
        canvas.setFont(MONO, 6)
        canvas.drawString(18 * mm, 7.5 * mm, self._seal)


_FLUSH: list[Any] = [
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 6),
    ("TOPPADDING", (0, 0), (-1, -1), 0),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
]


def _said(text: object, style: str, colour: str = "", longest: int = 1000) -> Paragraph:
    inside = inert(text, longest)
    if colour:
        inside = f'<font color="#{COLOURS[colour].hexval()[2:]}">{inside}</font>'
    return Paragraph(inside, STYLES[style])


def _code(address: str) -> Drawing:
    widget = QrCodeWidget(address, barLevel="M", barBorder=0)
    x, y, right, top = widget.getBounds()
    size = 24 * mm
    drawing = Drawing(size, size, transform=[size / (right - x), 0, 0, size / (top - y), 0, 0])
    drawing.add(widget)
    return drawing


def _dated(canvas: Any, moment: datetime) -> None:
    """The date of the document is that of what it tells of; what the library would write is the time of printing."""
    stamp = canvas._doc._timeStamp
    stamp.t = moment.astimezone(UTC).timestamp()
    stamp.lt = time.gmtime(stamp.t)
    stamp.YMDhms = tuple(stamp.lt)[:6]
