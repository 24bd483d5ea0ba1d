"""The report of one deployment on paper: for people who were not there, and without the page."""

from __future__ import annotations

from itertools import groupby

from deployments.engine.plan import Action, Change
from deployments.plan_reading import PropertyLine, row, summary
from deployments.reporting.bars import bars
from deployments.reporting.certificates import certificate
from deployments.reporting.telling import Story, files_of
from deployments.reporting.words import usd, verdict
from history.printing.paper import Paper
from history.reviews import Said, moment, sentence, what

DETAILED, LISTED, PROPERTIES, BARS, FAILURES = 100, 300, 12, 60, 20
"""How many changes are told with their properties, and with a line each; how many properties, bars, failures."""


def report(story: Story) -> bytes:
    """The PDF; what would be too long is counted, and the page is named that has it."""
    head = story.metadata
    seal = f"record {story.row.sequence} · SHA-256 {story.reader.manifest.digest()}"
    title = f"{head.project} / {head.environment}, record {story.row.sequence}"
    paper = Paper(title=title, address=story.address, seal=seal, made_at=story.row.ended_at)
    paper.title("Deployment report", title, head.what_changed)
    paper.facts(_facts(story))
    paper.heading("In short")
    for colour, said in verdict(story):
        paper.text(said, colour=colour)
    _reviews(paper, story)
    _failures(paper, story)
    _changes(paper, story)
    _run(paper, story)
    _costs(paper, story)
    if story.certificate is not None:
        certificate(paper, story.certificate)
    _seal(paper, story)
    return paper.pdf()


def _facts(story: Story) -> list[tuple[str, str]]:
    head = story.metadata
    return [
        ("Status", head.status),
        ("Kind", head.kind),
        ("Deployed by", f"{head.deployed_by} ({head.method})"),
        ("Started", moment(head.started_at)),
        ("Ended", moment(head.ended_at)),
        ("Took", f"{head.duration_seconds:.1f} s"),
        ("Configuration", f"revision {head.configuration_number}"),
        ("Source", head.source_digest[:16] or "none"),
        ("Resources afterwards", str(head.resource_count)),
        ("Deployment", head.deployment_id),
        *([("Back to", head.rollback_to)] if head.rollback_to else []),
        *([("Account", f"{story.plan.subject.account}, {story.plan.subject.region}")] if story.plan else []),
    ]


def _reviews(paper: Paper, story: Story) -> None:
    if not story.approvals:
        return
    paper.heading("Reviews and exceptions")
    for said in story.approvals:
        kind = what(said)
        paper.text(
            sentence(said), colour="" if kind is Said.APPROVED else "bad" if kind is Said.REJECTED else "doubtful"
        )
        if said.get("comment"):
            paper.text(f"“{said['comment']}”", "faint")


def _failures(paper: Paper, story: Story) -> None:
    if not story.failed:
        return
    paper.heading("What failed, and why")
    for step in story.failed[:FAILURES]:
        error = step.error or {}
        paper.text(f"{step.step.partition(':')[0]} {step.logical_id}", "subheading")
        paper.text(str(error.get("message", "")), colour="bad")
        if error.get("advice"):
            paper.text(f"What to do: {error['advice']}")
        call = f"{error['service']}:{error['operation']} answered {error['code']}" if error.get("service") else ""
        request = f"request {error['requestId']}" if error.get("requestId") else ""
        paper.text(", ".join(filter(None, [call, request])), "faint")
    _more(paper, len(story.failed) - FAILURES, "failures", story)


def _changes(paper: Paper, story: Story) -> None:
    paper.heading("What the plan changes")
    if story.plan is None:
        paper.text("This version cannot read the plan; it is among the files of the record.")
        return
    changes = [each for each in story.plan.changes if each.action is not Action.NO_CHANGE]
    paper.text(f"{summary(story.plan.counts())}; {len(story.plan.changes) - len(changes)} stay as they are.")
    lost = [each for each in changes if each.data_loss]
    if lost:
        paper.text(f"Loses data: {', '.join(each.logical_id for each in lost[:20])}.", colour="bad")
    ordered = sorted(changes[:DETAILED], key=lambda each: each.stack)
    for stack, group in groupby(ordered, key=lambda each: each.stack):
        paper.text(stack, "subheading")
        for change in group:
            _change(paper, change)
    further = changes[DETAILED:LISTED]
    if further:
        paper.text("Further changes", "subheading")
        rows = [(each.action.value, each.logical_id, each.type, each.stack) for each in further]
        paper.table(["Action", "Resource", "Type", "Stack"], rows, [1, 3, 3, 2], ["cell"] * 4)
    _more(paper, len(changes) - LISTED, "changes", story)


def _change(paper: Paper, change: Change) -> None:
    told = row(change)
    colour = {Action.CREATE: "good", Action.DELETE: "bad", Action.REPLACE: "doubtful"}.get(change.action, "plain")
    paper.text(f"{told.sign} {change.action.value} {change.logical_id} ({change.type})", colour=colour)
    paper.text(" · ".join(filter(None, [told.reason, change.physical_id])), "faint")
    for note in change.notes[:PROPERTIES]:
        paper.text(note, "cell", longest=400)
    if change.action is Action.UPDATE or change.action is Action.REPLACE:
        lines = told.properties[:PROPERTIES]
        if lines:
            rows = [(each.path, _side(each, each.before), _side(each, each.after)) for each in lines]
            paper.table(["Property", "Before", "After"], rows, [3, 4, 4], ["code"] * 3)
        if len(told.properties) > PROPERTIES:
            paper.text(f"and {len(told.properties) - PROPERTIES} properties more", "faint")


def _side(line: PropertyLine, value: str | None) -> str:
    if value is None:
        return "(not there)"
    return f"{value} (digest of a secret)" if line.sensitive else value


def _run(paper: Paper, story: Story) -> None:
    paper.heading("How it ran")
    lines = ", ".join(f"{number} {level}" for level, number in story.levels.items() if number)
    paper.text(f"{len(story.steps)} steps in {story.metadata.duration_seconds:.1f} s; lines of the log: {lines}.")
    if story.steps:
        ordered = sorted(story.steps, key=lambda step: (step.began is None, step.began or 0.0, step.ended or 0.0))
        paper.space(1)
        paper.drawing(bars(ordered[:BARS], max(step.ended or 0.0 for step in story.steps)))
        _more(paper, len(ordered) - BARS, "steps", story)


def _costs(paper: Paper, story: Story) -> None:
    priced = [c for c in (story.plan.changes if story.plan else ()) if (c.cost_before, c.cost_after) != (None, None)]
    if story.plan is None or not priced:
        return
    before, after = story.plan.monthly_usd()
    paper.heading("What it costs")
    paper.text(
        f"Fixed cost before {usd(before)}, after {usd(after)} ({after - before:+,.2f}). What use costs comes on top."
    )
    moved = [each for each in priced if each.cost_before != each.cost_after][:BARS]
    if moved:
        rows = [(each.logical_id, each.type, usd(each.cost_before), usd(each.cost_after)) for each in moved]
        paper.table(["Resource", "Type", "Before", "After"], rows, [3, 3, 2, 2], ["cell", "cell", "number", "number"])


def _seal(paper: Paper, story: Story) -> None:
    manifest, row = story.reader.manifest, story.row
    paper.heading("Verification")
    verified = "Nothing is wrong" if story.problem is None else str(story.problem)
    paper.text(
        f"Every file was read again {story.told_at:%Y-%m-%d %H:%M:%S} UTC. {verified}.",
        colour="good" if story.problem is None else "bad",
    )
    paper.facts(
        [
            ("Digest of the manifest", manifest.digest()),
            (
                "Place in the chain",
                f"record {row.sequence} of {row.project_slug}/{row.environment_name}",
            ),
            ("The record before", manifest.previous or "none: it is the first"),
            (
                "Signed by the key",
                manifest.signature.key if manifest.signature else "nobody, before there were keys",
            ),
            ("Audit log stood at", f"entry {manifest.audit.number}" if manifest.audit else "not known"),
            ("Where it is", story.address),
        ],
        columns=2,
    )
    rows = [(name, f"{size:,}", sha256) for name, size, sha256 in files_of(story)]
    paper.table(["File", "Bytes", "SHA-256"], rows, [2, 1, 5], ["code", "code", "code"])
    paper.text(
        "docs/records.md says how to verify the record without strandsweb: its archive brings a program.", "faint"
    )


def _more(paper: Paper, number: int, what: str, story: Story) -> None:
    if number > 0:
        paper.text(f"{number} {what} more are on the record's page, {story.address}", "faint")
