"""What somebody asks of the page: which two sides, and what of them; read from an address and written as one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest

from deployments.comparing.references import Reference
from deployments.comparing.resources import CHANGES
from projects.pages import asked


@dataclass(frozen=True, slots=True)
class Question:
    """An address of the page.

    `before` and `after` are the sides (None: not chosen), `noise` shows what is hidden otherwise, `change` and `text`
    filter the resources, `part` is one resource or file to be opened, `choose` the side that is being chosen (`from` or
    `to`) and `search` the words for it.
    """

    before: Reference | None = None
    after: Reference | None = None
    noise: bool = False
    change: str = ""
    text: str = ""
    part: str = ""
    choose: str = ""
    search: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> Question:
        """What the address asks; what makes no sense is left out."""
        change, choose = asked(request, "change"), asked(request, "choose")
        return cls(
            before=Reference.parse(asked(request, "from")),
            after=Reference.parse(asked(request, "to")),
            noise=asked(request, "noise") == "1",
            change=change if change in CHANGES else "",
            text=asked(request, "text"),
            part=asked(request, "part", 800),
            choose=choose if choose in ("from", "to") else "",
            search=asked(request, "search"),
        )

    @property
    def query(self) -> str:
        """As the query of an address: `from=record%3A...&to=live%3Adev&noise=1`."""
        said: dict[str, Any] = {
            "from": self.before,
            "to": self.after,
            "noise": "1" if self.noise else "",
            "change": self.change,
            "text": self.text,
            "part": self.part,
            "choose": self.choose,
            "search": self.search,
        }
        return urlencode({name: str(value) for name, value in said.items() if value})

    @property
    def plain(self) -> Question:
        """The two sides alone."""
        return Question(self.before, self.after, noise=self.noise)

    @property
    def swapped(self) -> Question:
        """The other way round."""
        return replace(self.plain, before=self.after, after=self.before)

    @property
    def other_noise(self) -> Question:
        """With what is hidden, or without."""
        return replace(self, noise=not self.noise, part="")

    def with_before(self, reference: Reference) -> Question:
        """With another first side."""
        return replace(self.plain, before=reference)

    def with_after(self, reference: Reference) -> Question:
        """With another second side."""
        return replace(self.plain, after=reference)

    def opening(self, part: str) -> Question:
        """With one part open."""
        return replace(self, part=part)

    def choosing(self, side: str) -> Question:
        """While a side is chosen."""
        return replace(self.plain, choose=side)
