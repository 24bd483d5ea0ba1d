"""What one does with one's own account beyond what django-allauth brings."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.github.views import oauth2_callback, oauth2_login
from allauth.socialaccount.providers.oauth2.views import OAuth2LoginView
from allauth.usersessions.models import UserSession
from allauth.usersessions.views import ListUserSessionsView
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from projects.audit.deeds import Deed
from projects.audit.writing import write
from projects.pages import page
from projects.people.pages import ours
from projects.people.presence import look_again
from projects.people.provider import OIDCAdapter, OIDCCallback

View = Callable[..., HttpResponse]


def if_known(view: View) -> View:
    """404 for providers that the settings do not name."""

    @wraps(view)
    def answer(request: HttpRequest, **named: str) -> HttpResponse:
        try:
            return view(request, **named)
        except SocialApp.DoesNotExist:
            raise Http404("No such provider.") from None

    return answer


@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends one of my sessions; what the browser it was in has open goes silent, and its next request signs in again."""
    session = get_object_or_404(UserSession, pk=pk, user_id=request.user.pk)
    with transaction.atomic():
        session.end()
        write(Deed.SESSION_ENDED, actor=request.user, target_type="session", target=session.ip)
        look_again(session.user_id)
    messages.success(request, "The session has ended.")
    return redirect("usersessions_list")


@require_http_methods(["GET", "POST"])
def my_sessions(request: HttpRequest) -> HttpResponseBase:
    """The sessions I have; a post ends all but this one."""
    if request.method == "POST" and request.user.pk is not None:
        with transaction.atomic():
            others = UserSession.objects.filter(user_id=request.user.pk).exclude(
                session_key=request.session.session_key
            )
            ended = [session.end() for session in others]
            write(Deed.SESSION_ENDED, actor=request.user, target_type="session", target=f"{len(ended)} others")
            look_again(request.user.pk)
        messages.success(request, "Every other session has ended.")
        return redirect("usersessions_list")
    return ours(ListUserSessionsView, "account/sessions.html")(request)


@login_not_required
@require_POST
@if_known
def oidc(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Leaves for an OpenID Connect provider."""
    return _leave(request, OAuth2LoginView.adapter_view(OIDCAdapter(request, provider_id))(request))


@login_not_required
@require_GET
@if_known
def oidc_back(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Comes back from there, with what it says of the person."""
    answer: HttpResponse = OIDCCallback.adapter_view(OIDCAdapter(request, provider_id))(request)
    return answer


@login_not_required
@require_POST
@if_known
def github(request: HttpRequest) -> HttpResponse:
    """Leaves for GitHub; with our scopes, whatever an address asks for."""
    request.GET = QueryDict()
    return _leave(request, oauth2_login(request))


@login_not_required
@require_GET
@if_known
def github_back(request: HttpRequest) -> HttpResponse:
    """Comes back from GitHub."""
    answer: HttpResponse = oauth2_callback(request)
    return answer


def _leave(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """A page that goes on to the provider by itself: our policy lets no form end up elsewhere, not even redirected."""
    if answer.status_code != 302:
        return answer
    return page(request, "account/leaving.html", {"address": answer["Location"]})
