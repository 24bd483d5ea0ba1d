"""What rows and lists say of discussions."""

from __future__ import annotations

from django import template

from deployments.discussing import markdown
from deployments.discussing.reading import Tallies, Tally

register = template.Library()
register.filter("visible", markdown.visible)


@register.filter
def about(tallies: Tallies, logical_id: str) -> Tally:
    """The threads about that resource, counted."""
    return tallies.about(logical_id)
