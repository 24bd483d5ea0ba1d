"""A project's channels and what was delivered, and what a person wants mailed."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from deployments.telling import channels, delivering
from deployments.telling.forms import ChannelForm, MailForm
from deployments.telling.models import Channel, Delivery, MailChoice, wanted_by
from deployments.telling.occasions import BY_DEFAULT, CONCERNS, Occasion
from projects.access import Access, access_to
from projects.audit.deeds import Deed
from projects.audit.writing import write
from projects.models import User
from projects.pages import page, posted
from projects.roles import Action

PAGE = 50


@sensitive_post_parameters("address")
@require_http_methods(["GET", "POST"])
@never_cache
def notifications(request: HttpRequest, slug: str) -> HttpResponse:
    """The channels and the log; owners add a channel."""
    access = access_to(request.user, slug, Action.MANAGE_NOTIFICATIONS if request.method == "POST" else Action.VIEW)
    form = ChannelForm(posted(request), project=access.project, initial={"occasions": sorted(BY_DEFAULT)})
    if request.method == "POST" and form.is_valid():
        channel, key = channels.add(project=access.project, actor=access.user, **form.cleaned_data)
        if not key:
            messages.success(request, f"{channel.name} is told from now on. Send it a test.")
            return redirect("notifications", slug)
        return _show(request, access, signing_key=key, added=channel)
    return _show(request, access, form=form, status=422 if form.is_bound else 200)


@sensitive_post_parameters("address")
@require_http_methods(["GET", "POST"])
def channel(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Changes a channel."""
    access, found = _find(request, slug, pk)
    initial = {"name": found.name, "occasions": found.occasions}
    form = ChannelForm(posted(request), project=access.project, channel=found, initial=initial)
    if request.method == "POST" and form.is_valid():
        channels.change(channel=found, actor=access.user, **form.cleaned_data)
        messages.success(request, f"{form.cleaned_data['name']} is changed.")
        return redirect("notifications", slug)
    context = {"access": access, "tab": "notifications", "channel": found, "form": form}
    return page(request, "telling/channel.html", context, status=422 if form.is_bound else 200)


@require_POST
def remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Removes a channel."""
    access, found = _find(request, slug, pk)
    channels.remove(channel=found, actor=access.user)
    messages.success(request, f"{found.name} is removed; it is told nothing any more.")
    return redirect("notifications", slug)


@require_POST
def test(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Sends a channel a test, which the log then shows."""
    access, found = _find(request, slug, pk)
    channels.test(channel=found, actor=access.user)
    messages.success(request, f"A test is on its way to {found.name}; the log says how it went.")
    return redirect("notifications", slug)


@require_POST
def retry(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Another round of tries for a delivery that failed."""
    access = access_to(request.user, slug, Action.MANAGE_NOTIFICATIONS)
    if delivering.again(get_object_or_404(access.project.deliveries, pk=pk), actor=access.user):
        messages.success(request, "It is tried again.")
    else:
        messages.error(request, "It has not failed, so it is not tried again.")
    return redirect("notifications", slug)


@require_http_methods(["GET", "POST"])
def mail_choice(request: HttpRequest) -> HttpResponse:
    """What the person wants mailed."""
    assert isinstance(request.user, User)
    form = MailForm(posted(request), initial={"occasions": sorted(wanted_by(request.user))})
    if request.method == "POST" and form.is_valid():
        before, after = sorted(wanted_by(request.user)), form.cleaned_data["occasions"]
        with transaction.atomic():
            MailChoice.objects.update_or_create(user=request.user, defaults={"occasions": after})
            write(Deed.MAILS_CHOSEN, actor=request.user, detail={"before": before, "after": sorted(after)})
        messages.success(request, "Saved.")
        return redirect("mail-choice")
    verified = EmailAddress.objects.filter(user=request.user, verified=True, primary=True)
    context = {
        "form": form,
        "rows": [(box, CONCERNS[Occasion(box.data["value"])].value) for box in form["occasions"]],
        "address": verified.values_list("email", flat=True).first(),
        "mail": settings.MAIL,
    }
    return page(request, "telling/mail_choice.html", context, status=422 if form.is_bound else 200)


def _find(request: HttpRequest, slug: str, pk: int) -> tuple[Access, Channel]:
    access = access_to(request.user, slug, Action.MANAGE_NOTIFICATIONS)
    return access, get_object_or_404(access.project.channels.select_related("project"), pk=pk)


def _show(
    request: HttpRequest, access: Access, *, form: ChannelForm | None = None, status: int = 200, **more: Any
) -> HttpResponse:
    rows = access.project.deliveries.all()
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[: PAGE + 1])
    context = {
        "access": access,
        "tab": "notifications",
        "channels": access.project.channels.all(),
        "form": form or ChannelForm(project=access.project, initial={"occasions": sorted(BY_DEFAULT)}),
        "deliveries": found[:PAGE],
        "more": found[PAGE - 1].pk if len(found) > PAGE else None,
        "under_way": not before and any(each.status == Delivery.Status.WAITING for each in found[:PAGE]),
        "mail": settings.MAIL,
    }
    fragment = "more" if request.headers.get("HX-Target") == "more" else "deliveries"
    if request.method == "POST":
        fragment = ""
    return page(request, "telling/notifications.html", context | more, fragment=fragment, status=status)
