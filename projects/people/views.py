"""What one does with one's own account beyond what django-allauth brings."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST


@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends one of my sessions; the browser it was in is signed out at its next request."""
    get_object_or_404(UserSession, pk=pk, user_id=request.user.pk).end()
    messages.success(request, "The session has ended.")
    return redirect("usersessions_list")
