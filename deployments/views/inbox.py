"""The inbox: what waits for me, what I asked for; its number in the header of every page."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from deployments import inbox as waiting
from projects.models import User
from projects.pages import page
from projects.people import invitations


@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """The whole page."""
    assert isinstance(request.user, User)
    return page(request, "inbox/inbox.html", {"inbox": waiting.inbox(request.user)}, fragment="inbox")


@login_not_required
@require_GET
@never_cache
def badge(request: HttpRequest) -> HttpResponse:
    """The number, for pages that stay open.

    To a session that has ended it says nothing: being sent to sign in would take from somebody what they are typing.
    """
    if not request.user.is_authenticated:
        return HttpResponse(status=204)
    return page(request, "inbox/badge.html", {})


@require_POST
def join(request: HttpRequest, pk: int) -> HttpResponse:
    """Accepts an invitation that was sent to a verified address of this person; the link is then used up."""
    assert isinstance(request.user, User)
    mine = get_object_or_404(waiting.invitations(request.user).select_related("project", "invited_by"), pk=pk)
    try:
        if not invitations.holds(mine):
            raise invitations.NotInvited("Whoever invited you may not invite any more. Ask for another invitation.")
        membership = invitations.accept(mine, request.user)
    except invitations.NotInvited as refusal:
        messages.error(request, str(refusal))
        return redirect("inbox")
    messages.success(request, f"You are now {membership.role} in {mine.project.slug}.")
    return redirect("project", mine.project.slug)
