"""One deployment as one JSON document; what stands in it, docs/reports.md says."""

from __future__ import annotations

from typing import Any

from deployments.engine.clock import iso
from deployments.engine.plan import Action
from deployments.reporting.telling import Step, Story, files_of

FORMAT = "1"


def document(story: Story) -> dict[str, Any]:
    """Plain JSON. Fields are added by later versions; none is taken away or changes its meaning under one format."""
    manifest = story.reader.manifest
    changes = story.plan.changes if story.plan else ()
    return {
        "format": FORMAT,
        "address": story.address,
        "deployment": story.metadata.as_dict(),
        "approvals": [dict(each) for each in story.approvals],
        "plan": {
            "digest": manifest.files["plan.json"].sha256,
            "subject": story.plan.subject.as_dict() if story.plan else None,
            "counts": story.plan.counts() if story.plan else None,
            "changes": [_change(each.as_dict()) for each in changes if each.action is not Action.NO_CHANGE],
        },
        "run": {"lines": dict(story.levels), "steps": [_step(each) for each in story.steps]},
        "certificate": story.certificate,
        "seal": {
            "sequence": manifest.sequence,
            "digest": manifest.digest(),
            "previous": manifest.previous,
            "signedBy": manifest.signature.key if manifest.signature else None,
            "files": {name: {"sha256": sha256, "size": size} for name, size, sha256 in files_of(story)},
        },
        "verification": {
            "at": iso(story.told_at),
            "ok": story.problem is None,
            "problem": story.problem.as_dict() if story.problem else None,
        },
    }


def _change(said: dict[str, Any]) -> dict[str, Any]:
    """A change without what it would be written as, which the plan has."""
    return {name: value for name, value in said.items() if name not in ("target", "dependencies", "used", "awaits")}


def _step(step: Step) -> dict[str, Any]:
    return {
        "step": step.step,
        "logicalId": step.logical_id,
        "status": step.status,
        "beganAfterSeconds": step.began,
        "endedAfterSeconds": step.ended,
        "error": dict(step.error) if step.error else None,
    }
