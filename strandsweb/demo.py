"""The demo: five accounts named after their roles, and the sample project; never with production settings."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from projects.audit.deeds import Deed
from projects.audit.writing import write
from projects.models import User
from projects.roles import Role
from strandsweb.demo_passwords import PASSWORDS

__all__ = ["PASSWORDS", "ROLES", "make_accounts"]

ROLES: Mapping[str, Role] = {
    "owner": Role.OWNER,
    "deployer": Role.DEPLOYER,
    "approver": Role.APPROVER,
    "viewer": Role.VIEWER,
}


def make_accounts() -> list[User]:
    """The demo's accounts, made where they are missing; an existing one is left as it is.

    Raises:
        ImproperlyConfigured: these are not the embedded settings.
    """
    if not settings.EMBEDDED:
        raise ImproperlyConfigured("The demo's accounts have known passwords; they are never made in production.")
    accounts = []
    for name, password in PASSWORDS.items():
        with transaction.atomic():
            account, made = User.objects.get_or_create(username=name)
            if made:
                account.set_password(password)
                account.save(update_fields=["password"])
                write(Deed.ACCOUNT_CREATED, actor=None, target_type="account", target=name, detail={"by": "the demo"})
        accounts.append(account)
    return accounts
