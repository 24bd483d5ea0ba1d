"""An owner chooses a role to see the pages as, and becomes themselves again."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from projects.access import access_to
from projects.member_forms import ViewAsForm
from projects.models import User
from projects.people import viewing
from projects.people.presence import look_again
from projects.roles import Action


@require_POST
def begin(request: HttpRequest, slug: str) -> HttpResponse:
    """The pages of the project are from now on those of the role; nothing can be changed meanwhile."""
    access = access_to(request.user, slug, Action.VIEW_AS)
    form = ViewAsForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose one of the roles.")
        return redirect("rights", slug)
    viewing.begin(request.session, user=access.user, project=access.project, role=form.cleaned_data["role"])
    look_again(access.user.pk)
    return redirect("project", slug)


@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """Back to one's own role; pressing twice is pressing once."""
    assert isinstance(request.user, User)
    before = viewing.end(request.session, user=request.user)
    if before is None:
        return redirect("projects")
    look_again(request.user.pk)
    messages.success(request, f"You see {before.project} as yourself again.")
    return redirect("project", before.project)
