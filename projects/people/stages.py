"""The steps between a right password and being signed in, where ours differ."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.stages import EmailVerificationStage


class VerifyAddress(EmailVerificationStage):
    """Where strangers may sign up they verify their address first; accounts made without one are not asked for it."""

    def handle(self) -> Any:
        """Whoever has no address was let in by somebody here: from the shell, or by a link handed over."""
        user = self.login.user  # None: somebody signs up with an address that is taken, and must not learn it
        if user is not None and not EmailAddress.objects.filter(user=user).exists():
            return None, True
        return super().handle()
