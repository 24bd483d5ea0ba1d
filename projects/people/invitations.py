"""Inviting somebody by a link that works once, for a week, and only while whoever invited may still invite."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from projects.access import role_in
from projects.models import Membership, Project, User
from projects.people.models import Invitation
from projects.people.tokens import hash_of, new_token
from projects.roles import Action, Role, can

LIFETIME = timedelta(days=7)
IN_HAND = "invitation"


class NotInvited(Exception):
    """The invitation does not let this person in; the text says why."""


def invite(*, project: Project, role: Role, email: str, by: User) -> tuple[Invitation, str]:
    """A new invitation, and the token of its link, which is nowhere else."""
    token = new_token()
    invitation = Invitation.objects.create(
        project=project,
        role=role,
        email=email,
        token_hash=hash_of(token),
        invited_by=by,
        invited_by_text=by.text,
        expires_at=timezone.now() + LIFETIME,
    )
    return invitation, token


def renew(invitation: Invitation, *, by: User) -> str:
    """Another link and another week, for which `by` answers now; the link before no longer works."""
    token = new_token()
    invitation.token_hash = hash_of(token)
    invitation.expires_at = timezone.now() + LIFETIME
    invitation.invited_by, invitation.invited_by_text = by, by.text
    invitation.save(update_fields=["token_hash", "expires_at", "invited_by", "invited_by_text"])
    return token


def revoke(invitation: Invitation) -> None:
    """The link no longer works."""
    Invitation.objects.filter(pk=invitation.pk, used_at=None).update(revoked_at=timezone.now())


def find(token: str) -> Invitation | None:
    """The open invitation of that link, if whoever sent it may still invite."""
    found = Invitation.objects.open().select_related("project", "invited_by").filter(token_hash=hash_of(token)).first()
    if found is None or found.invited_by is None or not found.invited_by.is_active:
        return None
    return found if can(role_in(found.project_id, found.invited_by), Action.MANAGE_MEMBERS) else None


def in_hand(request: HttpRequest) -> Invitation | None:
    """The open invitation whose link this browser followed."""
    return find(request.session.get(IN_HAND, ""))


def accept(invitation: Invitation, user: User) -> Membership:
    """Makes the person a member and uses the invitation up.

    Raises:
        NotInvited: they are a member already, or somebody was quicker.
    """
    with transaction.atomic():
        membership, made = Membership.objects.get_or_create(
            project=invitation.project, user=user, defaults={"role": invitation.role}
        )
        if not made:
            raise NotInvited(f"You are {membership.role} in {invitation.project.slug} already.")
        used = Invitation.objects.open().filter(pk=invitation.pk, token_hash=invitation.token_hash)
        if not used.update(used_at=timezone.now(), used_by_text=user.text):
            raise NotInvited("This invitation was used or taken back a moment ago.")
    return membership
