"""Tokens by which programs act: made once, recognised by their hash, ended by time or by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from projects.audit.acting import circumstances
from projects.audit.deeds import Deed
from projects.audit.writing import write
from projects.models import Membership, Project, User
from projects.people.models import ApiToken, ServiceAccount
from projects.people.tokens import hash_of, new_token
from projects.roles import FOR_TOKENS, Action, Role

PREFIX = "sw_"  # lets scanners find a token that was committed by mistake
SHOWN = 10  # characters of a token that are kept to tell it apart
USE_NOTED_EVERY = timedelta(minutes=1)
ADDRESSES_KEPT = 50  # per token, the newest ones
FOR_SERVICES = (Role.VIEWER, Role.DEPLOYER)
"""The roles a service account may have; the others are about what tokens cannot do."""


def make_token(
    *,
    user: User,
    name: str,
    actions: Iterable[Action],
    days: int,
    made_by: User,
    project: Project | None = None,
    environment: str = "",
) -> tuple[ApiToken, str]:
    """A new token and the secret itself, which is nowhere else."""
    secret = PREFIX + new_token()
    with transaction.atomic():
        row = ApiToken.objects.create(
            user=user,
            name=name,
            prefix=secret[:SHOWN],
            token_hash=hash_of(secret),
            project=project,
            environment=environment,
            actions=sorted(action.name for action in FOR_TOKENS.intersection(actions)),
            made_by=made_by,
            made_by_text=made_by.text,
            expires_at=timezone.now() + timedelta(days=days),
        )
        detail = {"of": user.text, "actions": row.actions, "environment": environment, "days": days}
        write(Deed.TOKEN_CREATED, actor=made_by, project=project, target_type="token", target=row, detail=detail)
    return row, secret


def revoke_token(row: ApiToken, *, by: User) -> None:
    """It no longer works; doing so twice is doing so once."""
    with transaction.atomic():
        if ApiToken.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=timezone.now()):
            write(Deed.TOKEN_REVOKED, actor=by, project=row.project, target_type="token", target=row)


def find_token(secret: str) -> ApiToken | None:
    """The valid token of that secret, its use noted; its user carries its scope."""
    row = ApiToken.objects.valid().select_related("user", "project").filter(token_hash=hash_of(secret)).first()
    if row is None:
        return None
    now = timezone.now()
    if row.last_used_at is None or now - row.last_used_at > USE_NOTED_EVERY:
        ApiToken.objects.filter(pk=row.pk).update(last_used_at=now)
    row.user.scope = row.scope
    return row


def spent_token(secret: str) -> ApiToken | None:
    """The token of that secret that has expired, was revoked, or whose owner's account is closed."""
    return ApiToken.objects.select_related("user", "project").filter(token_hash=hash_of(secret)).first()


def note_use(row: ApiToken) -> None:
    """Writes that a token is used from an address it was not seen at before."""
    address = circumstances().address
    if address in row.addresses:
        return
    with transaction.atomic():
        addresses = [address, *row.addresses][:ADDRESSES_KEPT]
        ApiToken.objects.filter(pk=row.pk).update(addresses=addresses)
        write(Deed.TOKEN_USED, actor=row.user, project=row.project, target_type="token", target=row)


def make_service_account(*, project: Project, name: str, role: Role, by: User) -> ServiceAccount:
    """A member that is no person.

    Raises:
        IntegrityError: the project has one of this name.
    """
    with transaction.atomic():
        # No person can have a name with colons in it.
        user = User(username=f"service:{project.slug}:{name}", first_name=name, last_name="(service)")
        user.set_unusable_password()
        user.save()
        account = ServiceAccount.objects.create(user=user, project=project, name=name, made_by_text=by.text)
        Membership.objects.create(project=project, user=user, role=role)
        write(Deed.MEMBER_ADDED, actor=by, project=project, target_type="service account", target=name)
    return account


def close_service_account(account: ServiceAccount, *, by: User) -> None:
    """It is no member any more and its tokens end; what it did stays as history."""
    with transaction.atomic():
        for row in account.user.tokens.filter(revoked_at=None):
            revoke_token(row, by=by)
        Membership.objects.filter(user=account.user).delete()
        User.objects.filter(pk=account.user_id).update(is_active=False, username=f"closed:{account.user_id}")
        write(
            Deed.MEMBER_REMOVED, actor=by, project=account.project, target_type="service account", target=account.name
        )
        ServiceAccount.objects.filter(pk=account.pk).update(closed_at=timezone.now())


def stands_behind(service: User, person: User) -> bool:
    """Whether the person made a token of that service account, and so may be the one who acts by it."""
    return ServiceAccount.objects.filter(user=service).exists() and service.tokens.filter(made_by=person).exists()
