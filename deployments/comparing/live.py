"""What is really there, for a comparison: asked for by a person, read by a worker, kept for a short while."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from deployments import clouds, states
from deployments.aws.refresh import read_all
from deployments.aws.registry import KINDS
from deployments.comparing.models import LiveReading
from deployments.dispatch import enqueue
from deployments.engine.errors import EngineError
from deployments.engine.observing import observed
from deployments.engine.planner import live_fingerprint
from deployments.engine.ports import Live
from deployments.engine.state import State, StateResource
from deployments.errors import WorkflowError
from projects.audit.deeds import Deed, Outcome
from projects.audit.writing import write as audit
from projects.models import Environment, User

logger = logging.getLogger(__name__)

FRESH = timedelta(minutes=1)
"""A reading this young is not made again."""
KEPT = timedelta(hours=1)
"""An older reading says nothing of now, and is not shown any more."""
PATIENCE = timedelta(minutes=10)
"""A reading that takes longer died with its worker, and may be asked for again."""
AT_ONCE = 250
"""Resources read between two looks at the progress."""


def reading_of(environment: Environment) -> LiveReading | None:
    """The last reading, if it is under way or young enough to say something of now."""
    found = LiveReading.objects.filter(environment=environment).first()
    since = found and (found.read_at or found.requested_at)
    return found if since and timezone.now() - since < KEPT else None


def request_reading(*, environment: Environment, actor: User) -> LiveReading:
    """Asks a worker to read everything recorded; one under way, or just made, is not doubled."""
    now = timezone.now()
    with transaction.atomic():
        known = LiveReading.objects.select_for_update().filter(environment=environment).first()
        if known and known.status == "reading" and now - known.requested_at < PATIENCE:
            return known
        if known and known.status == "read" and known.read_at and now - known.read_at < FRESH:
            return known
        fresh = {"status": "reading", "error": "", "done": 0, "total": 0}
        asked = {"requested_by_text": actor.text, "requested_at": now}
        found, _ = LiveReading.objects.update_or_create(environment=environment, defaults=fresh | asked)
        audit(Deed.LIVE_ASKED, actor=actor, environment=environment)
        enqueue("read_live", environment.pk)
    return found


def read(*, environment_id: int) -> None:
    """Reads every recorded resource and keeps it as it is; what went wrong is kept instead, as a sentence."""
    environment = Environment.objects.select_related("project").get(pk=environment_id)
    reading = LiveReading.objects.filter(environment=environment)
    fields: dict[str, Any]
    try:
        state = states.load(environment)
        live = _read(environment, state)
        fingerprint = live_fingerprint(live=live, state=state, kinds=KINDS)
        fields = {"status": "read", "error": "", "fingerprint": fingerprint, "resources": as_is(state, live)}
    except (EngineError, WorkflowError) as error:
        fields = {"status": "failed", "error": str(error)}
    except Exception:
        logger.exception("reading %s for a comparison failed", environment)
        fields = {"status": "failed", "error": "An error in strandsweb itself; its log has the details."}
    with transaction.atomic():
        reading.update(**fields, read_at=timezone.now())
        outcome = Outcome.FAILED if fields["status"] == "failed" else Outcome.DONE
        detail = {name: fields[name] for name in ("fingerprint", "error") if fields.get(name)}
        audit(Deed.LIVE_READ, actor=None, environment=environment, outcome=outcome, detail=detail)


def as_is(state: State, live: Mapping[str, Live | None]) -> dict[str, Any]:
    """The recorded resources that exist, as they are, by logical id; see `observing`."""
    found = {}
    for name, recorded in state.resources.items():
        now = live[name]
        if now is not None:
            resource = observed(KINDS[recorded.type], recorded, now)
            found[name] = resource.as_dict() | {"stack": resource.stack}
    return found


def _read(environment: Environment, state: State) -> dict[str, Live | None]:
    """Everything, so many at a time that whoever waits sees it go on."""
    wanted: list[StateResource] = sorted(state.resources.values(), key=lambda entry: entry.type)
    reading = LiveReading.objects.filter(environment=environment)
    reading.update(total=len(wanted))
    live: dict[str, Live | None] = {}
    if wanted:
        with clouds.reach(environment, purpose="compare", reading=True) as provisioners:
            for start in range(0, len(wanted), AT_ONCE):
                live |= read_all(wanted[start : start + AT_ONCE], provisioners)
                reading.update(done=len(live))
    return live
