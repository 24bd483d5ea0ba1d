"""Inviting somebody by a link that works once, for a week, and only while whoever invited may still invite."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from projects.access import role_in
from projects.audit.deeds import Deed
from projects.audit.writing import write
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
    with transaction.atomic():
        invitation = Invitation.objects.create(
            project=project,
            role=role,
            email=email.lower(),
            token_hash=hash_of(token),
            invited_by=by,
            invited_by_text=by.text,
            expires_at=timezone.now() + LIFETIME,
        )
        _note(Deed.MEMBER_INVITED, invitation, by)
    return invitation, token


def renew(invitation: Invitation, *, by: User) -> str:
    """Another link and another week, for which `by` answers now; the link before no longer works."""
    token = new_token()
    invitation.token_hash = hash_of(token)
    invitation.expires_at = timezone.now() + LIFETIME
    invitation.invited_by, invitation.invited_by_text = by, by.text
    with transaction.atomic():
        invitation.save(update_fields=["token_hash", "expires_at", "invited_by", "invited_by_text"])
        _note(Deed.MEMBER_INVITED, invitation, by, again=True)
    return token


def revoke(invitation: Invitation, *, by: User) -> None:
    """The link no longer works."""
    with transaction.atomic():
        if Invitation.objects.pending().filter(pk=invitation.pk).update(revoked_at=timezone.now()):
            _note(Deed.INVITATION_REVOKED, invitation, by)


def find(token: str) -> Invitation | None:
    """The open invitation of that link, if whoever sent it may still invite."""
    return _find(hash_of(token))


def take_in_hand(request: HttpRequest, token: str) -> None:
    """Remembers which link this browser followed; sessions are stored, so the hash alone."""
    request.session[IN_HAND] = hash_of(token)


def _find(token_hash: str) -> Invitation | None:
    found = Invitation.objects.open().select_related("project", "invited_by").filter(token_hash=token_hash).first()
    return found if found is not None and holds(found) else None


def holds(invitation: Invitation) -> bool:
    """Whether whoever sent it may still invite."""
    by = invitation.invited_by
    return by is not None and by.is_active and can(role_in(invitation.project_id, by), Action.MANAGE_MEMBERS)


def in_hand(request: HttpRequest) -> Invitation | None:
    """The open invitation whose link this browser followed."""
    return _find(request.session.get(IN_HAND, ""))


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
        _note(Deed.MEMBER_ADDED, invitation, user, invited_by=invitation.invited_by_text)
    return membership


def _note(deed: Deed, invitation: Invitation, actor: User, **more: object) -> None:
    write(
        deed,
        actor=actor,
        project=invitation.project,
        target_type="invitation",
        target=invitation.email or "a link",
        detail={"role": invitation.role, **more},
    )
