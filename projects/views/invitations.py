"""Invitations of a project, for its owners; and the page that an invitation's link leads to, for anybody."""

from __future__ import annotations

import logging
from smtplib import SMTPException

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from projects.access import Access, access_to
from projects.audit.deeds import Deed
from projects.audit.writing import write
from projects.member_forms import InvitationForm
from projects.models import User
from projects.pages import at_site, page, posted
from projects.people import invitations
from projects.people.forms import InvitedForm
from projects.people.models import Invitation
from projects.people.social import doors
from projects.roles import Action
from projects.views.members import show

log = logging.getLogger(__name__)


@require_POST
def invite(request: HttpRequest, slug: str) -> HttpResponse:
    """Sends a link, or shows it once where there is no address or no mail server."""
    access = access_to(request.user, slug, Action.MANAGE_MEMBERS)
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return show(request, access, invitation_form=form)
    invitation, token = invitations.invite(project=access.project, by=access.user, **form.cleaned_data)
    return _hand_over(request, access, invitation, token)


@require_POST
def resend(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Another link and another week."""
    access = access_to(request.user, slug, Action.MANAGE_MEMBERS)
    invitation = get_object_or_404(access.project.invitations.pending(), pk=pk)
    return _hand_over(request, access, invitation, invitations.renew(invitation, by=access.user))


@require_POST
def revoke(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The link no longer works."""
    access = access_to(request.user, slug, Action.MANAGE_MEMBERS)
    invitations.revoke(get_object_or_404(access.project.invitations.pending(), pk=pk), by=access.user)
    messages.success(request, "The invitation is taken back; its link no longer works.")
    return redirect("members", slug)


@login_not_required
@require_GET
@never_cache
def follow(request: HttpRequest, token: str) -> HttpResponse:
    """Takes the token out of the address, where others may see it, and into the session."""
    invitations.take_in_hand(request, token)
    return redirect("invitation")


@login_not_required
@require_http_methods(["GET", "POST"])
@never_cache
def invitation(request: HttpRequest) -> HttpResponse:
    """What one is invited to; joining, with the account one has or with a new one."""
    found = invitations.in_hand(request)
    if found is None:
        return page(request, "people/invitation_gone.html", {}, status=404)
    known = bool(found.email) and EmailAddress.objects.filter(email__iexact=found.email, verified=True).exists()
    form = InvitedForm(posted(request))
    if request.method == "POST" and isinstance(request.user, User):
        return _join(request, found, request.user)
    if request.method == "POST" and not known and form.is_valid():
        return _join_as_new(request, found, form)
    context = {"invitation": found, "form": None if known else form, "doors": doors()}
    return page(request, "people/invitation.html", context, status=422 if request.method == "POST" else 200)


def _hand_over(request: HttpRequest, access: Access, invitation: Invitation, token: str) -> HttpResponse:
    link = at_site(reverse("invitation-follow", args=[token]))
    if not invitation.email or not settings.MAIL:
        return show(request, access, status=200, invitation_link=link)
    try:
        context = {"invitation": invitation, "link": link}
        get_adapter(request).send_mail("people/email/invitation", invitation.email, context)
    except (OSError, SMTPException):
        log.exception("the mail of an invitation could not be sent")
        messages.error(request, "The mail could not be sent. Send it again later, or take the invitation back.")
    else:
        messages.success(request, f"The invitation is on its way to {invitation.email}.")
    return redirect("members", access.project.slug)


def _join(request: HttpRequest, found: Invitation, user: User) -> HttpResponse:
    try:
        membership = invitations.accept(found, user)
    except invitations.NotInvited as refusal:
        messages.error(request, str(refusal))
        return redirect("projects")
    del request.session[invitations.IN_HAND]
    messages.success(request, f"You are now {membership.role} in {found.project.slug}.")
    return redirect("project", found.project.slug)


def _join_as_new(request: HttpRequest, found: Invitation, form: InvitedForm) -> HttpResponse:
    """Makes the account; an address that the link was sent to is verified by that, one that it was not is none."""
    mailed = found.email if settings.MAIL else ""
    try:
        with transaction.atomic():
            user = User.objects.create_user(form.cleaned_data["username"], mailed, form.cleaned_data["password"])
            if mailed:
                EmailAddress.objects.create(user=user, email=mailed, verified=True, primary=True)
            write(
                Deed.ACCOUNT_CREATED, actor=user, target_type="account", target=user.text, detail={"by": "invitation"}
            )
            invitations.accept(found, user)
    except (IntegrityError, invitations.NotInvited):  # somebody was quicker
        messages.error(request, "The name was taken, or the invitation used, a moment ago. Try again.")
        return redirect("invitation")
    answer: HttpResponse = perform_login(
        request, user, email_verification="none", redirect_url=reverse("project", args=[found.project.slug])
    )
    return answer
