"""What the whole environment was wanted to be after a past deployment, also after one that was limited to parts.

A plan of parts holds the targets of its parts alone. What it left out was as an earlier deployment had wanted it: the
newest one before that planned the resource and, where it was to write it, did.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile

from deployments.engine.events import STEP_ENDS, Code
from deployments.engine.plan import Action, Change, Plan, Reason
from deployments.engine.resources import Resource
from deployments.errors import WorkflowError
from history.models import Record
from history.reading import RecordReader, open_record

NAMED = 5


def recorded_whole(record: Record, parts: Sequence[str] = ()) -> tuple[Resource, ...]:
    """The resources that were wanted when the record's deployment had succeeded, from recorded plans word for word.

    `parts`: only these stacks and logical ids will be looked at; nobody need know more than they do.

    Raises:
        WorkflowError: of something that was there no record says how it was wanted.
    """
    reader = open_record(record)
    plan = Plan.from_dict(reader.plan())
    wanted = {change.logical_id: change.target for change in plan.changes if change.target is not None}
    if not plan.subject.targets:
        return tuple(wanted.values())
    missing = {change.logical_id for change in plan.changes if _is_left_out(change)}
    for earlier in _before(record):
        if not missing:
            break
        found = {change.logical_id: change.target for change in _carried_out(earlier, missing) if change.target}
        wanted |= found
        missing -= found.keys()
    if missing and not (parts and set(parts) <= set(plan.subject.targets)):
        more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
        raise WorkflowError(
            f"{record.deployment_id} was limited to {', '.join(plan.subject.targets)}, and no record says how the rest "
            f"was wanted ({', '.join(sorted(missing)[:NAMED])}{more}). Limit the rollback to the same parts, or go "
            "back to another deployment."
        )
    return tuple(wanted.values())


def _is_left_out(change: Change) -> bool:
    """It was there, and wanted by somebody; what is only retained was wanted no more."""
    return change.action is Action.NO_CHANGE and change.target is None and change.reason is not Reason.RETAINED


def _before(record: Record) -> Iterator[Record]:
    """The records before it, the newest first, back to one that has expired: what that one changed nobody knows."""
    earlier = Record.objects.filter(environment=record.environment, sequence__lt=record.sequence)
    return takewhile(lambda row: row.expired_at is None, earlier.order_by("-sequence").iterator(chunk_size=20))


def _carried_out(record: Record, names: set[str]) -> Iterator[Change]:
    """The record's changes of these resources that are true since, or were before."""
    reader = open_record(record)
    changes = [change for change in Plan.from_dict(reader.plan()).changes if change.logical_id in names]
    done = {change.logical_id for change in changes} if record.status == "succeeded" else _done(reader)
    return (change for change in changes if change.action is Action.NO_CHANGE or change.logical_id in done)


def _done(reader: RecordReader) -> set[str]:
    """The resources none of whose steps ended badly, of those that had any."""
    well, badly = set[str](), set[str]()
    for event in reader.all_events():
        if event["code"] in STEP_ENDS:
            (well if event["code"] == Code.STEP_SUCCEEDED else badly).add(event["logicalId"])
    return well - badly
