"""The certificate of a rollback on paper, read from the record's own file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from history.printing.paper import Paper
from history.reviews import moment

LISTED = 150
_COLOUR = {"restored": "good", "restored with exceptions": "doubtful", "not restored": "bad"}


def certificate(paper: Paper, said: Mapping[str, Any]) -> None:
    """What was restored, and of what was not, why; resources that are as they were are only counted."""
    paper.heading("Certificate of what was restored")
    verdict = str(said.get("verdict", "unknown"))
    counts = ", ".join(f"{number} {outcome.replace('_', ' ')}" for outcome, number in said.get("counts", {}).items())
    paper.text(f"{verdict[:1].upper()}{verdict[1:]}: {counts}.", colour=_COLOUR.get(verdict, "doubtful"))
    target = said.get("target") or "the state before the failed run"
    paper.text(f"Held against {target}; what is live was read {moment(str(said.get('readAt', '')))}.", "faint")
    if said.get("unread"):
        paper.text(f"It could not be read: {said['unread']}", colour="bad")
    told = [entry for entry in said.get("entries", ()) if entry.get("found")]
    if told:
        rows = [
            (entry["logicalId"], entry["outcome"], "\n".join(str(each["text"]) for each in entry["found"]))
            for entry in told[:LISTED]
        ]
        paper.table(["Resource", "Outcome", "Why"], rows, [3, 2, 6], ["cell"] * 3)
    if len(told) > LISTED:
        paper.text(f"and {len(told) - LISTED} more in certificate.json of the record", "faint")
