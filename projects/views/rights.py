"""Who may do what in a project and in each of its environments, and why."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from projects import matrix
from projects.access import access_to
from projects.assigned import assignments_of
from projects.pages import page
from projects.roles import Role

PER_PAGE = 50


@require_safe
def rights(request: HttpRequest, slug: str) -> HttpResponse:
    """The matrix of one place (`?environment=`), 50 people from `?after=` on."""
    access = access_to(request.user, slug)
    environments = {each.name: each for each in access.project.environments.all()}
    environment = request.GET.get("environment", "")
    if environment and environment not in environments:
        raise Http404("No such environment.")
    # Service accounts act by tokens alone, which may less than their role says.
    people = access.project.memberships.filter(user__service=None, user__username__gt=request.GET.get("after", ""))
    places = [environments[environment]] if environment else []
    found = list(assignments_of(people[: PER_PAGE + 1], places).items())
    rows = matrix.rows(((member.user.text, given) for member, given in found[:PER_PAGE]), environment)
    context = {
        "access": access,
        "tab": "members",
        "environment": environment,
        "environments": environments,
        "actions": matrix.actions_in(environment),
        "people": [(member.user, row) for (member, _), row in zip(found, rows, strict=False)],
        "next": found[PER_PAGE - 1][0].user.username if len(found) > PER_PAGE else "",
        "roles": matrix.roles(),
        "lesser_roles": [role for role in matrix.roles() if role is not Role.OWNER],
        "table": matrix.table(),
    }
    return page(request, "projects/rights.html", context)


@require_safe
def person(request: HttpRequest, slug: str, username: str) -> HttpResponse:
    """What one member may do in the project and in each environment, told in sentences."""
    access = access_to(request.user, slug)
    people = access.project.memberships.filter(user__service=None)
    member = get_object_or_404(people.select_related("user"), user__username=username)
    environments = list(access.project.environments.all())
    [given] = assignments_of(people.filter(pk=member.pk), environments).values()
    rows = [
        row
        for place in ("", *(each.name for each in environments))
        for row in matrix.rows([(member.user.text, given)], place)
    ]
    context = {
        "access": access,
        "tab": "members",
        "person": member.user,
        "groups": member.in_groups.order_by("group__name").values_list("group", "group__name"),
        "rows": rows,
    }
    return page(request, "projects/rights_of.html", context)
