"""Everybody's accounts, as those who administer the installation keep them: found, closed, opened again, helped.

An administrator (`User.is_superuser`) is no owner of anything by that: projects stay as closed to them as to others.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from smtplib import SMTPException

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from projects.audit.deeds import Deed
from projects.audit.writing import write
from projects.models import Membership, User
from projects.people.api_tokens import revoke_token
from projects.people.presence import look_again
from projects.roles import Role

PER_PAGE = 50
log = logging.getLogger(__name__)


class NotPossible(Exception):
    """What was asked would leave the installation in a bad way; the text says why, and what to do instead."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some people by username, and the name the next page starts after ("" when this is the last)."""

    people: tuple[User, ...]
    after: str


def people(*, text: str = "", after: str = "") -> Page:
    """The accounts of people whose name or address has each word of `text` in it; each with `sessions` and `factor`."""
    sessions = UserSession.objects.filter(user=OuterRef("pk")).order_by().values("user").annotate(of=Count("pk"))
    found = everybody().annotate(
        sessions=Coalesce(Subquery(sessions.values("of")), 0),
        factor=Exists(Authenticator.objects.filter(user=OuterRef("pk"))),
    )
    for word in text.split():
        addresses = EmailAddress.objects.filter(email__icontains=word).values("user")
        named = Q(username__icontains=word) | Q(first_name__icontains=word) | Q(last_name__icontains=word)
        found = found.filter(named | Q(pk__in=addresses))
    rows = tuple(found.filter(username__gt=after).order_by("username")[: PER_PAGE + 1])
    return Page(rows[:PER_PAGE], rows[PER_PAGE - 1].username if len(rows) > PER_PAGE else "")


def everybody() -> QuerySet[User]:
    """The accounts of people; service accounts belong to their projects."""
    return User.objects.filter(service=None)


def owns_alone(person: User) -> list[str]:
    """The projects whose only open account of an owner this is; nobody else could manage them."""
    owned = Membership.objects.filter(user=person, role=Role.OWNER).values("project")
    others = Membership.objects.filter(project=OuterRef("project"), role=Role.OWNER, user__is_active=True)
    alone = Membership.objects.filter(user=person, project__in=owned).exclude(Exists(others.exclude(user=person)))
    return list(alone.order_by("project__slug").values_list("project__slug", flat=True))


def close(person: User, *, by: User, reason: str) -> None:
    """Ends every session, open page and API token of the person at once; what they did stays under their name.

    Raises:
        NotPossible: it is the administrator's own account.
    """
    if person == by:
        raise NotPossible("This is your own account. Ask another administrator to close it.")
    with transaction.atomic():
        if not User.objects.filter(pk=person.pk, is_active=True).update(is_active=False):
            return
        ended = end_sessions(person)
        tokens = list(person.tokens.filter(revoked_at=None))
        for token in tokens:
            revoke_token(token, by=by)
        _write(Deed.ACCOUNT_CLOSED, person, by, reason=reason, sessions=ended, tokens=len(tokens))


def reopen(person: User, *, by: User, reason: str) -> None:
    """The person may sign in again; sessions and tokens that ended stay so."""
    with transaction.atomic():
        if User.objects.filter(pk=person.pk, is_active=False).update(is_active=True):
            _write(Deed.ACCOUNT_REOPENED, person, by, reason=reason)


def reset_factors(person: User, *, by: User, reason: str) -> None:
    """Takes away every second factor and passkey of who lost theirs; they are told by mail, and sign in anew."""
    with transaction.atomic():
        kinds = sorted(Authenticator.objects.filter(user=person).values_list("type", flat=True))
        if not kinds:
            return
        Authenticator.objects.filter(user=person).delete()
        end_sessions(person)
        _write(Deed.FACTORS_RESET, person, by, reason=reason, before=kinds)
        transaction.on_commit(lambda: _tell(person, by, reason))


def end_sessions(person: User) -> int:
    """Signs the person out everywhere; answers of how many sessions."""
    sessions = list(UserSession.objects.filter(user=person))
    for session in sessions:
        session.end()
    look_again(person.pk)
    return len(sessions)


def sign_out_everywhere(person: User, *, by: User, reason: str) -> None:
    """Ends the person's sessions and nothing else."""
    with transaction.atomic():
        _write(Deed.SESSION_ENDED, person, by, reason=reason, sessions=end_sessions(person))


def _tell(person: User, by: User, reason: str) -> None:
    address = EmailAddress.objects.filter(user=person, verified=True, primary=True).first()
    if address is None:
        return
    try:
        get_adapter().send_mail("people/email/factors_reset", address.email, {"by": by.text, "reason": reason})
    except (OSError, SMTPException):
        log.exception("a person could not be told that their second factor was reset")


def _write(deed: Deed, person: User, by: User, **detail: object) -> None:
    write(deed, actor=by, target_type="account", target=person.username, detail=detail)
