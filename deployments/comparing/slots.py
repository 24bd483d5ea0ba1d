"""The two places of the page where a side stands, with the addresses that lead on from each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from deployments.comparing.asking import Question
from deployments.comparing.finding import Choice
from deployments.comparing.loading import Chosen
from deployments.comparing.references import Kind, Reference


@dataclass(frozen=True, slots=True)
class Slot:
    """One of the two; `name` is `from` or `to`, `choices` what was found for it, None while nobody looks."""

    name: str
    side: Chosen | None
    question: Question
    found: Sequence[Choice] | None = None

    @property
    def other(self) -> str:
        """The name of the other side."""
        return "from" if self.name == "to" else "to"

    @property
    def choices(self) -> list[tuple[Choice, str]]:
        """What can be chosen, each with the query that chooses it."""
        return [(choice, self._with(choice.reference)) for choice in self.found or ()]

    @property
    def kept(self) -> str:
        """The other side as an address names it, to be sent along by a form."""
        kept = self.question.after if self.name == "from" else self.question.before
        return str(kept or "")

    @property
    def fixed(self) -> str:
        """The query with the record that a moving side stands for; empty where there is none."""
        if self.side is None or not self.side.reference.moves or self.side.fixed is None:
            return ""
        return self._with(self.side.fixed)

    @property
    def earlier(self) -> str:
        """The query that compares a record with the one before it; empty for anything else."""
        is_record = self.side is not None and self.side.reference.kind is Kind.RECORD
        return replace(self.question.plain, before=None).query if is_record and self.name == "to" else ""

    @property
    def live(self) -> str:
        """The query that puts what is really there beside what is recorded; empty where it makes no sense."""
        side = self.side
        if side is None or side.reference.kind is not Kind.ENVIRONMENT or self.name == "from":
            return ""
        return Question(side.reference, Reference(Kind.LIVE, side.reference.name)).query

    def _with(self, reference: Reference) -> str:
        question = self.question
        chosen = question.with_before(reference) if self.name == "from" else question.with_after(reference)
        return chosen.query
