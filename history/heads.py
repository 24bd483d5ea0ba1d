"""The ends of the chains in a second place, so that whoever owns bucket and database cannot cut them off unseen.

After each record, and each annotation, its place, digest and signature are written there, once, under its number;
with a retention where the second place is a bucket with Object Lock. A second place that is away holds up no
deployment: what is missing is added every hour. `verification` compares.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import Max

from history import layout
from history.annotation import Entry
from history.canonical import dumps
from history.models import Annotation, Record
from history.records import Manifest, NotARecord
from history.store import FileStore, Store, StoreError, bucket
from history.store import store as configured_store
from history.verifier import FORMAT, Fault, Head, Keys, Problem, fits

log = logging.getLogger(__name__)


def second_place() -> Store | None:
    """What `HISTORY_ANCHOR_BUCKET`, or else `HISTORY_ANCHOR_FOLDER`, names; None where neither is set."""
    if settings.HISTORY_ANCHOR_BUCKET:
        return bucket(settings.HISTORY_ANCHOR_BUCKET, retention_days=settings.HISTORY_ANCHOR_DAYS)
    return FileStore(Path(settings.HISTORY_ANCHOR_FOLDER)) if settings.HISTORY_ANCHOR_FOLDER else None


def anchor(end: Manifest | Entry) -> bool:
    """Writes the end of a chain to the second place; answers whether it is there now. What goes wrong is logged."""
    try:
        second = second_place()
        if second is not None:
            second.put_new(*_object(end))
    except StoreError as error:
        where = f"{end.project}/{end.environment}"
        log.error("the end of the history of %s is not in its second place: %s", where, error)
        return False
    return second is not None


def anchor_all() -> int:
    """Adds the end of every environment's chain that is missing in the second place; answers how many."""
    second, added = second_place(), 0
    if second is None:
        return 0
    for row in _last_rows():
        key = layout.head(row.project_slug, row.environment_name, row.sequence)
        try:
            if next(iter(second.keys(key)), None) != key:
                added += anchor(Manifest.from_bytes(configured_store().get(row.prefix + layout.MANIFEST)))
        except (StoreError, NotARecord) as error:
            log.error("the end of the history of %s cannot be read: %s", row, error)
    for said in _last_annotations():
        place = said.project_slug, said.environment_name
        key = layout.annotated_to(*place, said.number)
        try:
            if next(iter(second.keys(key)), None) != key:
                added += anchor(Entry.from_bytes(configured_store().get(layout.annotation(*place, said.number))))
        except (StoreError, NotARecord) as error:
            log.error("the last annotation of %s/%s cannot be read: %s", *place, error)
    return added


def mail() -> bool:
    """Sends where every chain ends to `HISTORY_ANCHOR_MAIL`, as `verify.py --head` takes it; answers if it did."""
    lines = [f"{row.project_slug}/{row.environment_name}:{row.sequence}:{row.manifest_digest}" for row in _last_rows()]
    if not (settings.HISTORY_ANCHOR_MAIL and lines):
        return False
    text = (
        "These are the last records of every environment: its name, their number, and the digest of their manifest.\n"
        "Keep this mail. Compare it with `manage.py history_verify`, or pass a line to `verify.py --head`.\n\n"
    )
    send_mail("Where the history ends", text + "\n".join(lines) + "\n", None, [settings.HISTORY_ANCHOR_MAIL])
    return True


def remembered(second: Store, project: str, environment: str, keys: Keys) -> Head | Problem | None:
    """The last end of a chain that the second place has, or what is wrong with it there; None when it has none."""
    key = max(second.keys(layout.heads(project, environment)), default="")
    return _read(second, key, layout.head, (project, environment), "manifest", keys)


def remembered_annotation(second: Store, project: str, environment: str, keys: Keys) -> Head | Problem | None:
    """The same of an environment's annotations."""
    key = max(second.keys(layout.annotated(project, environment)), default="")
    return _read(second, key, layout.annotated_to, (project, environment), "annotation", keys)


def _read(
    second: Store, key: str, named_by: Callable[[str, str, int], str], place: tuple[str, str], what: str, keys: Keys
) -> Head | Problem | None:
    if not key:
        return None
    named = f"the second place's {key}"
    try:
        said = json.loads(second.get(key))
        end = Head(said["sequence"], said["digest"], said["signature"]["key"] if said["signature"] else "")
        value = said["signature"]["value"] if said["signature"] else ""
        right = (said["format"], said["project"], said["environment"]) == (FORMAT, *place)
    except (ValueError, KeyError, TypeError) as error:
        return Problem(Fault.EDITED, named, 0, f"it is not the end of a chain: {error}")
    if not right or key != named_by(*place, end.sequence):
        return Problem(Fault.EDITED, named, end.sequence, "it is the end of another chain")
    signer = keys.at("/".join(place), end.sequence).by_id.get(end.key)
    if end.key and not (signer and fits(signer.public, what, end.digest, value)):
        return Problem(Fault.WRONG_KEY, named, end.sequence, "it is not signed by a key that counts")
    return end


def _last_rows() -> Iterator[Record]:
    ends = Record.objects.order_by().values("project_slug", "environment_name").annotate(last=Max("sequence"))
    for end in ends.order_by("project_slug", "environment_name"):
        yield Record.objects.get(
            project_slug=end["project_slug"], environment_name=end["environment_name"], sequence=end["last"]
        )


def _last_annotations() -> Iterator[Annotation]:
    ends = Annotation.objects.order_by().values("project_slug", "environment_name").annotate(last=Max("number"))
    for end in ends.order_by("project_slug", "environment_name"):
        yield Annotation.objects.of_environment(end["project_slug"], end["environment_name"]).get(number=end["last"])


def _object(end: Manifest | Entry) -> tuple[str, bytes]:
    if isinstance(end, Manifest):
        sequence, key = end.sequence, layout.head(end.project, end.environment, end.sequence)
    else:
        sequence, key = end.number, layout.annotated_to(end.project, end.environment, end.number)
    return key, dumps(
        {
            "format": FORMAT,
            "project": end.project,
            "environment": end.environment,
            "sequence": sequence,
            "digest": end.digest(),
            "signature": asdict(end.signature) if end.signature else None,
        }
    )
