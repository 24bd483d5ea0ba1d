"""The pages about everybody's accounts; to who is no administrator they do not exist."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from allauth.account.decorators import reauthentication_required
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_POST

from projects.administrators import administrator
from projects.models import User
from projects.pages import asked, page
from projects.people import accounts
from projects.people.forms import ReasonForm

DOING: Mapping[str, tuple[Callable[..., None], str]] = {
    "close": (accounts.close, "The account of {} is closed. Sessions, open pages and tokens have ended."),
    "reopen": (accounts.reopen, "{} may sign in again."),
    "reset": (accounts.reset_factors, "{} has no second factor any more, and signs in by password alone."),
    "sign-out": (accounts.sign_out_everywhere, "{} is signed out everywhere."),
}


@require_GET
def people(request: HttpRequest) -> HttpResponse:
    """The list by name, `?text=` of it, from the page after `?after=` on."""
    administrator(request)
    text, after = asked(request, "text"), asked(request, "after")
    found = accounts.people(text=text, after=after)
    query = request.GET.copy()
    query["after"] = found.after
    context = {
        "people": found.people,
        "more": query.urlencode() if found.after else "",
        "text": text,
        "narrowed": bool(text or after),
    }
    return page(request, "people/people.html", context)


@require_GET
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """One account: its sessions, second factors and tokens by number, and what can be done about it."""
    administrator(request)
    return _show(request, _found(pk), ReasonForm())


@require_POST
def act(request: HttpRequest, pk: int, deed: str) -> HttpResponse:
    """Closes, opens, resets or signs out; with a reason, by somebody who has just proved who they are."""
    by, found = administrator(request), _found(pk)
    if deed not in DOING:
        raise Http404("No such deed.")
    answer: HttpResponse = _act(request, by, found, deed)
    return answer


@reauthentication_required
def _act(request: HttpRequest, by: User, found: User, deed: str) -> HttpResponse:
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _show(request, found, form, status=422)
    do, told = DOING[deed]
    try:
        do(found, by=by, reason=form.cleaned_data["reason"])
    except accounts.NotPossible as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, told.format(found.text))
    return redirect("person", found.pk)


def _found(pk: int) -> User:
    return get_object_or_404(accounts.everybody(), pk=pk)


def _show(request: HttpRequest, found: User, form: ReasonForm, status: int = 200) -> HttpResponse:
    sessions = [each for each in UserSession.objects.filter(user=found).order_by("-last_seen_at") if not each.purge()]
    context = {
        "person": found,
        "sessions": sessions,
        "factors": Authenticator.objects.filter(user=found).order_by("created_at"),
        "tokens": found.tokens.filter(revoked_at=None).count(),
        "alone": accounts.owns_alone(found),
        "form": form,
    }
    return page(request, "people/person.html", context, status=status)
