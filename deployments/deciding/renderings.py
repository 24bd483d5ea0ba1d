"""What people saw of a plan when they reviewed it: the plan's part of the page, word for word, kept by its digest."""

from __future__ import annotations

import hashlib

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from deployments.engine.errors import PlanMismatch
from deployments.errors import OutOfDate
from deployments.models import Deployment, Rendering
from deployments.plan_reading import PlanReading


def rendering_of(deployment: Deployment) -> str:
    """The whole plan as every page shows it, without what only some may do there; empty where it cannot be read."""
    try:
        reading = PlanReading(deployment.plan.value(), frozenset(), "")
    except PlanMismatch:
        return ""
    return render_to_string("deployments/plan_rows.html", {"reading": reading})


def digest_of(text: str) -> str:
    """SHA-256 of a rendering, 64 lower-case hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def as_it_was(rendering: Rendering) -> SafeString:
    """A kept rendering for a page: our own markup, made with everything from elsewhere escaped."""
    return SafeString(rendering.text)


def keep(deployment: Deployment, seen: str) -> Rendering:
    """The rendering of that digest, kept, if it is what the page shows now.

    Raises:
        OutOfDate: the person looked at something else: at another plan, or at an older version of the page.
    """
    text = rendering_of(deployment)
    digest = digest_of(text)
    if digest != seen:
        raise OutOfDate("The page shows the plan otherwise than when you looked at it. Reload it and review it again.")
    return Rendering.objects.get_or_create(digest=digest, defaults={"text": text})[0]
