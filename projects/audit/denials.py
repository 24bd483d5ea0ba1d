"""Refusals as entries: the first at once, equal ones within a minute as one more that says how many.

A page or a program that keeps knocking would otherwise fill the log, and hide in it what else was refused.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from projects.audit.acting import Circumstances, acting, circumstances
from projects.audit.deeds import Deed, Outcome, Via
from projects.audit.models import RepeatedDenial, chain_of
from projects.audit.writing import write
from projects.models import Project, User

TOGETHER = timedelta(minutes=1)
NOBODY = "nobody"


def deny(
    *, actor: User | AnonymousUser, project: Project | None, target_type: str, target: str, why: str, outside: str = ""
) -> None:
    """Writes that somebody was refused `target`, unless that was written less than a minute ago: then it is counted.

    Of those who are not signed in, everything from one address counts as equal: they may knock at any name they make
    up. `outside` tells what they came with apart.
    """
    person = actor if isinstance(actor, User) else None
    now = circumstances()
    said = {"why": why, "target_type": target_type, "target": target[:300], "circumstances": asdict(now)}
    equal = [target_type, target, why] if person else [target_type, outside]
    facts = [chain_of(project) if person else 0, person.pk if person else None, now.token, now.address, *equal]
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
    with transaction.atomic():
        _, first = RepeatedDenial.objects.get_or_create(
            key=key,
            defaults={"chain": chain_of(project), "actor_id": person.pk if person else None, "said": said},
        )
        if first or not RepeatedDenial.objects.filter(key=key).update(times=F("times") + 1):
            _write(person, project, said, {})


def close_up() -> int:
    """Writes how often what was refused a minute ago has been refused again since; answers how many entries."""
    written = 0
    for key in list(RepeatedDenial.objects.filter(since__lt=timezone.now() - TOGETHER).values_list("key", flat=True)):
        with transaction.atomic():
            row = RepeatedDenial.objects.select_for_update().filter(key=key).first()
            if row is None:
                continue
            if row.times:
                said = {**row.said, "circumstances": {**row.said["circumstances"], "request_id": ""}}
                with acting(_circumstances(said)):
                    person = User.objects.filter(pk=row.actor_id).first() if row.actor_id else None
                    project = Project.objects.filter(pk=row.chain).first()
                    _write(person, project, said, {"times": row.times, "since": row.since.isoformat()})
                written += 1
            row.delete()
    return written


def _circumstances(said: dict[str, Any]) -> Circumstances:
    kept = said["circumstances"]
    return Circumstances(**{**kept, "via": Via(kept["via"])})


def _write(person: User | None, project: Project | None, said: dict[str, Any], more: dict[str, Any]) -> None:
    write(
        Deed.DENIED,
        actor=person,
        actor_text="" if person else NOBODY,
        project=project,
        outcome=Outcome.DENIED,
        target_type=said["target_type"],
        target=said["target"],
        detail={"why": said["why"], **more},
    )
