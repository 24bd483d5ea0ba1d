"""Members that are no persons, and their tokens; for owners."""

from __future__ import annotations

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.db import IntegrityError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from projects.access import Access, access_to
from projects.pages import page, posted
from projects.people.api_tokens import close_service_account, make_service_account, make_token, revoke_token
from projects.people.forms import ServiceAccountForm, TokenForm
from projects.people.models import ServiceAccount
from projects.roles import Action, Role


@require_http_methods(["GET", "POST"])
def accounts(request: HttpRequest, slug: str) -> HttpResponse:
    """The list, and a form for a new one."""
    access = access_to(request.user, slug, Action.MANAGE_MEMBERS)
    form = ServiceAccountForm(posted(request))
    if request.method == "POST" and form.is_valid():
        name, role = form.cleaned_data["name"], Role(form.cleaned_data["role"])
        try:
            made = make_service_account(project=access.project, name=name, role=role, by=access.user)
        except IntegrityError:
            form.add_error("name", "The project has a service account of this name.")
        else:
            return redirect("service-account", slug, made.pk)
    rows = _open(access).prefetch_related("user__memberships", "user__tokens")
    context = {"access": access, "tab": "members", "form": form, "accounts": rows}
    return page(request, "people/service_accounts.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def account(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One service account with its tokens; a new token's secret is on the answer's page alone."""
    access = access_to(request.user, slug, Action.MANAGE_MEMBERS)
    found = get_object_or_404(_open(access).select_related("user"), pk=pk)
    return _make(request, access, found) if request.method == "POST" else _show(request, access, found)


@require_POST
def close(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Ends it with all its tokens; what it did stays as history."""
    access = access_to(request.user, slug, Action.MANAGE_MEMBERS)
    found = get_object_or_404(_open(access).select_related("user"), pk=pk)
    close_service_account(found, by=access.user)
    messages.success(request, f"{found.name} is closed, and its tokens with it.")
    return redirect("service-accounts", slug)


@require_POST
def revoke(request: HttpRequest, slug: str, pk: int, token: int) -> HttpResponse:
    """Ends one of its tokens."""
    access = access_to(request.user, slug, Action.MANAGE_MEMBERS)
    found = get_object_or_404(_open(access).select_related("user"), pk=pk)
    revoke_token(get_object_or_404(found.user.tokens, pk=token), by=access.user)
    return redirect("service-account", slug, pk)


def _open(access: Access) -> QuerySet[ServiceAccount]:
    return access.project.service_accounts.filter(closed_at=None)


def _show(
    request: HttpRequest, access: Access, found: ServiceAccount, form: TokenForm | None = None, secret: str = ""
) -> HttpResponse:
    form = form or TokenForm(projects=[access.project])
    context = {
        "access": access,
        "tab": "members",
        "account": found,
        "role": found.user.memberships.get(project=access.project).role,
        "tokens": found.user.tokens.select_related("project"),
        "form": form,
        "secret": secret,
    }
    status = 422 if form.is_bound and form.errors else 200
    return page(request, "people/service_account.html", context, status=status)


@reauthentication_required
def _make(request: HttpRequest, access: Access, found: ServiceAccount) -> HttpResponse:
    form = TokenForm(posted(request), projects=[access.project])
    if not form.is_valid():
        return _show(request, access, found, form)
    _, secret = make_token(user=found.user, made_by=access.user, **form.scope)
    return _show(request, access, found, secret=secret)
