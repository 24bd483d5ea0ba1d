"""Which holds stand in a project or one of its environments, for the head of pages."""

from __future__ import annotations

from typing import Any

from django import template

from deployments.holding.concerning import said
from deployments.holding.models import Hold
from projects.access import Access
from projects.models import Environment

register = template.Library()
register.filter("said", said)


@register.inclusion_tag("holding/banner.html")
def held(access: Access, environment: Environment | None = None) -> dict[str, Any]:
    """A line per hold that stands; nothing where there is none."""
    rows = Hold.objects.standing().filter(project=access.project)
    if environment is not None:
        rows = rows.at(environment)
    standing = list(rows.select_related("environment", "because_of"))
    if environment is None and any(hold.environment is None for hold in standing):
        environment = access.project.environments.first()
    return {"standing": standing, "slug": access.project.slug, "place": environment}
