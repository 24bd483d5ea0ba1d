"""What people said of a plan, and around which rules it went, as the record keeps it."""

from __future__ import annotations

from typing import Any

from deployments.deciding.facts import covered_by_earlier
from deployments.engine.clock import iso
from deployments.engine.errors import PlanMismatch
from deployments.holding.concerning import said
from deployments.holding.models import HoldPass
from deployments.models import Approval, Deployment, Emergency, FreezeOverride


def said_of(deployment: Deployment) -> list[dict[str, Any]]:
    """Reviews, overrides of freezes, passed holds and the emergency, in the order they came, as plain JSON.

    What was said of an earlier plan that covers this one is in it, with that plan's digest.
    """
    about = [deployment, *_covering(deployment)]
    said = [
        *map(_review, Approval.objects.filter(deployment__in=about)),
        *map(_override, FreezeOverride.objects.filter(deployment__in=about)),
        *map(_pass, HoldPass.objects.filter(deployment__in=about).select_related("hold__environment")),
        *map(_emergency, Emergency.objects.filter(deployment=deployment)),
    ]
    return sorted(said, key=lambda each: str(each["time"]))


def _covering(deployment: Deployment) -> list[Deployment]:
    if deployment.predecessor_id is None:
        return []
    try:
        return covered_by_earlier(deployment)
    except PlanMismatch:
        return []


def _review(row: Approval) -> dict[str, Any]:
    return {
        "actor": {"id": row.actor_id, "name": row.actor_text},
        "approved": row.approved,
        "comment": row.comment,
        "planDigest": row.plan_digest,
        "baseDigest": row.base_digest,
        "liveFingerprint": row.live_fingerprint,
        "protection": row.protection,
        "saw": row.saw_id,
        "factorAt": iso(row.factor_at) if row.factor_at else None,
        "expiresAt": iso(row.expires_at) if row.expires_at else None,
        "time": iso(row.created_at),
    }


def _override(row: FreezeOverride) -> dict[str, Any]:
    return {
        "actor": {"id": row.actor_id, "name": row.actor_text},
        "approved": True,
        "comment": row.reason,
        "planDigest": row.plan_digest,
        "freeze": row.freeze,
        "time": iso(row.created_at),
    }


def _pass(row: HoldPass) -> dict[str, Any]:
    return {
        "actor": {"id": row.actor_id, "name": row.actor_text},
        "approved": True,
        "comment": row.reason,
        "planDigest": row.plan_digest,
        "hold": said(row.hold),
        "time": iso(row.created_at),
    }


def _emergency(row: Emergency) -> dict[str, Any]:
    return {
        "actor": {"id": row.actor_id, "name": row.actor_text},
        "approved": True,
        "comment": row.reason,
        "planDigest": row.plan_digest,
        "emergency": True,
        "factorAt": iso(row.factor_at),
        "time": iso(row.created_at),
    }
