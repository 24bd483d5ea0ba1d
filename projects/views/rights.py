"""Who may do what in a project and in each of its environments, and why."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from projects import matrix
from projects.access import access_to
from projects.models import Membership
from projects.pages import page
from projects.roles import Assignment, Role

PER_PAGE = 50


@require_safe
def rights(request: HttpRequest, slug: str) -> HttpResponse:
    """The matrix of one place (`?environment=`), 50 people from `?after=` on, and `?person=` told in sentences."""
    access = access_to(request.user, slug)
    environment = request.GET.get("environment", "")
    environments = list(access.project.environments.values_list("name", flat=True))
    if environment and environment not in environments:
        raise Http404("No such environment.")
    # Service accounts act by tokens alone, which may less than their role says.
    people = access.project.memberships.filter(user__service=None).select_related("user", "given__group")
    found = list(people.filter(user__username__gt=request.GET.get("after", ""))[: PER_PAGE + 1])
    shown, more = found[:PER_PAGE], found[PER_PAGE:]
    asked = people.filter(user__username=request.GET.get("person", "")).first()
    context = {
        "access": access,
        "tab": "members",
        "environment": environment,
        "environments": environments,
        "actions": matrix.actions_in(environment),
        "people": [(member.user, _row(member, environment)) for member in shown],
        "next": shown[-1].user.username if more else "",
        "told": _row(asked, environment) if asked else None,
        "roles": matrix.roles(),
        "lesser_roles": [role for role in matrix.roles() if role is not Role.OWNER],
        "table": matrix.table(),
    }
    return page(request, "projects/rights.html", context)


def _row(member: Membership, environment: str) -> matrix.Row:
    (row,) = matrix.rows([(member.user.text, assignments_of(member))], environment)
    return row


def assignments_of(member: Membership) -> tuple[Assignment, ...]:
    """What a membership gives: its role, by hand or with the group it came with."""
    given = getattr(member, "given", None)
    return (Assignment(Role(member.role), group=given.group.name if given else ""),)
