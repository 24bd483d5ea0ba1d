"""What a page offers for a property that somebody changed outside."""

from __future__ import annotations

from django import template

from deployments.adopting import why_not
from deployments.engine.plan import Change

register = template.Library()


@register.filter
def not_adoptable(change: Change, path: str) -> str:
    """Why the property cannot be adopted into the configuration; empty when it can."""
    return next((why_not(change, line) for line in change.properties if line.path == path), "")
