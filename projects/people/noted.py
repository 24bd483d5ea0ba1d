"""What happens to accounts, written down: by the mail that django-allauth tells their person with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from projects.audit.deeds import Deed
from projects.audit.writing import write
from projects.models import User

BY_MAIL: Mapping[str, tuple[Deed, str]] = {
    "account/email/password_changed": (Deed.PASSWORD_CHANGED, "changed"),
    "account/email/password_set": (Deed.PASSWORD_CHANGED, "set"),
    "account/email/password_reset": (Deed.PASSWORD_CHANGED, "reset by mail"),
    "account/email/email_changed": (Deed.EMAIL_CHANGED, "primary"),
    "account/email/email_deleted": (Deed.EMAIL_CHANGED, "removed"),
    "mfa/email/totp_activated": (Deed.FACTOR_ADDED, "authenticator app"),
    "mfa/email/totp_deactivated": (Deed.FACTOR_REMOVED, "authenticator app"),
    "mfa/email/webauthn_added": (Deed.FACTOR_ADDED, "passkey"),
    "mfa/email/webauthn_removed": (Deed.FACTOR_REMOVED, "passkey"),
    "mfa/email/recovery_codes_generated": (Deed.FACTOR_ADDED, "recovery codes"),
    "socialaccount/email/account_connected": (Deed.PROVIDER_CONNECTED, ""),
    "socialaccount/email/account_disconnected": (Deed.PROVIDER_DISCONNECTED, ""),
}


def write_down(mail: str, user: User, context: Mapping[str, Any]) -> None:
    """Writes what that mail tells the person; nothing for a mail about nothing that changed."""
    if mail not in BY_MAIL:
        return
    deed, what = BY_MAIL[mail]
    detail = {}
    if "to_email" in context:
        detail = {"before": context["from_email"], "after": context["to_email"]}
    elif "deleted_email" in context:
        detail = {"before": context["deleted_email"]}
    elif "account" in context:
        what = context["account"].provider
    write(deed, actor=user, target_type="account", target=what, detail=detail)
