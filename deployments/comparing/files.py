"""A comparison as files to take along: all of it as JSON, configuration and code as a patch."""

from __future__ import annotations

from typing import Any

from deployments.comparing.assembling import Comparison
from deployments.comparing.code import File, FileChange
from deployments.comparing.sides import Side
from deployments.comparing.sources import read_text
from history.compare import EditRow
from history.textdiff import patch

MOST_CHARACTERS = 4_000_000
"""A patch that has so many names the rest of the files instead of showing them."""


def as_json(comparison: Comparison) -> dict[str, Any]:
    """What the page says, for programs: the same rows, unfiltered."""
    return {
        "format": "1",
        "from": _side(comparison.before),
        "to": _side(comparison.after),
        "configuration": {
            "effective": comparison.configurations.effective,
            "problem": comparison.configurations.problem,
            "changes": [
                _edit(row.edit) | {"beforeFrom": row.before_from, "afterFrom": row.after_from}
                for row in comparison.configurations.rows
            ],
        },
        "resources": {
            "equal": comparison.resources.equal,
            "differInNoiseOnly": comparison.resources.noisy,
            "changes": [
                {
                    "stack": row.stack,
                    "logicalId": row.logical_id,
                    "type": row.type,
                    "change": row.change,
                    "properties": list(map(_edit, row.properties)),
                }
                for row in comparison.resources.rows
            ],
        },
        "permissions": [
            {
                "logicalId": row.logical_id,
                "type": row.type,
                "agents": list(row.agents),
                "changes": [
                    {
                        "sentence": str(line),
                        "widens": line.widens,
                        "actions": list(line.actions),
                        "resources": list(line.resources),
                        "condition": line.condition,
                    }
                    for line in row.lines
                ],
            }
            for row in comparison.permissions
        ],
        "code": {
            "same": comparison.code.same,
            "missing": list(comparison.code.missing),
            "files": [
                {"agents": list(folder.agents)} | _file(change)
                for folder in comparison.code.folders
                for change in folder.files
            ],
        },
        "costs": {
            "unit": "USD a month",
            "before": round(comparison.costs.before, 4),
            "after": round(comparison.costs.after, 4),
            "resources": [
                {"logicalId": row.logical_id, "type": row.type, "before": row.before, "after": row.after}
                for row in comparison.costs.rows
            ],
        },
        "steps": [{"step": row.step, "before": row.before, "after": row.after} for row in comparison.steps],
        "approvals": {"before": list(comparison.before.approvals), "after": list(comparison.after.approvals)},
    }


def as_patch(comparison: Comparison) -> str:
    """The configuration and the text files that changed, as `git apply` takes them; what is too much is only named."""
    texts = comparison.configurations
    name = f"{comparison.after.place.environment}.yaml" if texts.effective else "strands.yaml"
    parts = [patch(texts.before_text, texts.after_text, name, name)]
    size = len(parts[0])
    for folder in comparison.code.folders:
        for change in folder.files:
            if not change.has_text:
                continue
            part = _patched(comparison, change) if size < MOST_CHARACTERS else _named(change, "too much for one patch")
            parts.append(part)
            size += len(part)
    return "".join(parts)


def _patched(comparison: Comparison, change: FileChange) -> str:
    was = read_text(comparison.before.source_digest, change.before) if change.before else None
    now = read_text(comparison.after.source_digest, change.after) if change.after else None
    for side in (was, now):
        if side is not None and side.text is None:
            return _named(change, side.why)
    return patch(
        (was and was.text) or "",
        (now and now.text) or "",
        change.before.path if change.before else None,
        change.after.path if change.after else None,
    )


def _named(change: FileChange, why: str) -> str:
    return f"# {change.change}: {change.there.path} ({why})\n"


def _side(side: Side) -> dict[str, Any]:
    return {
        "reference": str(side.reference),
        "record": side.stands_for.name if side.stands_for else None,
        "project": side.place.project,
        "environment": side.place.environment,
        "sourceDigest": side.source_digest,
        "readAt": side.read_at.isoformat() if side.read_at else None,
        "fingerprint": side.fingerprint or None,
    }


def _edit(row: EditRow) -> dict[str, Any]:
    return {"path": row.path, "edit": row.edit.value, "before": row.before, "after": row.after}


def _file(change: FileChange) -> dict[str, Any]:
    return {
        "change": change.change,
        "before": _digest(change.before),
        "after": _digest(change.after),
    }


def _digest(file: File | None) -> dict[str, Any] | None:
    return {"path": file.path, "sha256": file.sha256, "size": file.size_bytes} if file else None
