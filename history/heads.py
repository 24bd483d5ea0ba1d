"""The ends of the chains in a second place, so that whoever owns bucket and database cannot cut them off unseen.

After each record its place, digest and signature are written there, once, under its number; with a retention where the
second place is a bucket with Object Lock. A second place that is away holds up no deployment: what is missing is added
every hour. `verification` compares.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import Max

from history import layout
from history.canonical import dumps
from history.models import Record
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


def anchor(manifest: Manifest) -> bool:
    """Writes the end of a chain to the second place; answers whether it is there now. What goes wrong is logged."""
    try:
        second = second_place()
        if second is not None:
            second.put_new(layout.head(manifest.project, manifest.environment, manifest.sequence), _bytes(manifest))
    except StoreError as error:
        where = f"{manifest.project}/{manifest.environment}"
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
    key = max(second.keys(layout.heads(project, environment)), default=None)
    if key is None:
        return None
    named = f"the second place's {key}"
    try:
        said = json.loads(second.get(key))
        end = Head(said["sequence"], said["digest"], said["signature"]["key"] if said["signature"] else "")
        value = said["signature"]["value"] if said["signature"] else ""
        right = (said["format"], said["project"], said["environment"]) == (FORMAT, project, environment)
    except (ValueError, KeyError, TypeError) as error:
        return Problem(Fault.EDITED, named, 0, f"it is not the end of a chain: {error}")
    if not right or key != layout.head(project, environment, end.sequence):
        return Problem(Fault.EDITED, named, end.sequence, "it is the end of another chain")
    signer = keys.at(f"{project}/{environment}", end.sequence).by_id.get(end.key)
    if end.key and not (signer and fits(signer.public, "manifest", end.digest, value)):
        return Problem(Fault.WRONG_KEY, named, end.sequence, "it is not signed by a key that counts")
    return end


def _last_rows() -> Iterator[Record]:
    ends = Record.objects.order_by().values("project_slug", "environment_name").annotate(last=Max("sequence"))
    for end in ends.order_by("project_slug", "environment_name"):
        yield Record.objects.get(
            project_slug=end["project_slug"], environment_name=end["environment_name"], sequence=end["last"]
        )


def _bytes(manifest: Manifest) -> bytes:
    return dumps(
        {
            "format": FORMAT,
            "project": manifest.project,
            "environment": manifest.environment,
            "sequence": manifest.sequence,
            "digest": manifest.digest(),
            "signature": asdict(manifest.signature) if manifest.signature else None,
        }
    )
