"""The compliance report on paper."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from history.compliance.figures import DEFINITIONS
from history.compliance.proof import Proof
from history.compliance.report import Listed, Report
from history.compliance.runs import Run
from history.printing.paper import Paper
from projects.audit.models import AuditEntry


def printed(report: Report, proofs: Sequence[Proof], *, project: str, address: str, made_at: datetime) -> bytes:
    """The PDF; `address` is that of the page."""
    period, figures = report.period, report.figures
    where = ", ".join(period.environments) or "all environments"
    title = f"{project}, {period.since} to {period.until}"
    paper = Paper(
        title=f"Compliance report: {title}", address=address, seal=f"made {made_at:%Y-%m-%d %H:%M} UTC", made_at=made_at
    )
    paper.title("Compliance report", title, f"{where}, days of {period.zone}")
    paper.facts(
        [
            ("Runs", str(figures.runs)),
            ("Failed", str(figures.statuses["failed"])),
            ("With approval", str(figures.approved)),
            ("Own approvals", str(figures.own)),
            ("Exceptions", str(report.exceptions.count)),
            ("Emergencies not reviewed", str(report.unreviewed.count)),
        ]
    )
    paper.heading("Delivery")
    rows = [(name, value, DEFINITIONS[name]) for name, value in figures.told.items()]
    paper.table(["Figure", "Value", "What it is"], rows, [3, 2, 6], ["cell", "cell", "cell"])
    if report.unknown:
        paper.text(f"{report.unknown} imported records were not asked who let them pass; the CSV asks all.", "faint")
    _people(paper, report)
    _runs(paper, "Emergencies that nobody has reviewed", report.unreviewed, report, "None.")
    _runs(paper, "Exceptions: emergencies, passed freezes and holds", report.exceptions, report, "None.")
    _runs(paper, "Approved by who proposed or ran it", report.own, report, "None: duties were separate.")
    paper.heading("Runs without approval, and why they could run")
    if report.reasons:
        paper.table(["Why", "Runs"], [(why, str(number)) for why, number in report.reasons], [6, 1], ["cell", "number"])
    else:
        paper.text("None.")
    _runs(paper, "Failed runs", report.failed, report, "None.")
    _entries(paper, "Changes of protection and rules", report.rules, report)
    _entries(paper, "Changes of rights", report.rights, report)
    paper.heading("Keeping")
    kept = [f"{number} {words}" for words, number in report.kept]
    paper.text(f"{', '.join(kept) or 'Nothing was held, tagged or let go'}.")
    paper.heading("Verification")
    for proof in proofs:
        said = proof.problem or f"{proof.read} of {proof.records} records read, nothing is wrong"
        paper.text(f"{proof.environment}: {said}.", colour="bad" if proof.problem else "good")
    if not proofs:
        paper.text("There are no records of this time.")
    paper.text("Made of the records and the audit log of the project, also of what is gone by now.", "faint")
    return paper.pdf()


def _people(paper: Paper, report: Report) -> None:
    paper.heading("Who deployed, and who approved")
    deployed, approved = dict(report.deployed_by), dict(report.approved_by)
    names = list(dict.fromkeys([*deployed, *approved]))
    if not names:
        paper.text("Nobody.")
        return
    rows = [(name, str(deployed.get(name, 0)), str(approved.get(name, 0))) for name in names]
    paper.table(["Person", "Deployed", "Approved"], rows, [4, 1, 1], ["cell", "number", "number"])


def _runs(paper: Paper, title: str, listed: Listed[Run], report: Report, none: str) -> None:
    paper.heading(title)
    if not listed.count:
        paper.text(none)
        return
    rows = [
        (
            f"{report.period.here(run.row.ended_at):%Y-%m-%d %H:%M}",
            f"{run.row.environment_name}, {run.row.sequence}",
            run.row.status,
            run.row.deployed_by,
            ", ".join(run.approved_by) or f"nobody: {run.allowed}",
            ", ".join(run.passes),
        )
        for run in listed.rows
    ]
    head = ["Ended", "Record", "Status", "Deployed by", "Approved by", "Exceptions"]
    paper.table(head, rows, [3, 3, 2, 3, 4, 4], ["cell"] * 6)
    _more(paper, listed.more)


def _entries(paper: Paper, title: str, listed: Listed[AuditEntry], report: Report) -> None:
    paper.heading(title)
    if not listed.count:
        paper.text("None.")
        return
    rows = [
        (
            f"{report.period.here(entry.time):%Y-%m-%d %H:%M}",
            f"{entry.actor_text} {entry.words}",
            " ".join(filter(None, [entry.target, entry.environment])),
            ", ".join(map(str, entry.detail.get("changes", ()))),
        )
        for entry in listed.rows
    ]
    paper.table(["When", "Who did what", "On", "Changes"], rows, [3, 5, 3, 5], ["cell"] * 4)
    _more(paper, listed.more)


def _more(paper: Paper, number: int) -> None:
    if number:
        paper.text(f"and {number} more; the CSV and the audit log have all", "faint")
