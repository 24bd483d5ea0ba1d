"""The steps between a right password and being signed in, where ours differ."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.stages import EmailVerificationStage


class VerifyAddress(EmailVerificationStage):
    """Where strangers may sign up they verify their address first; accounts made without one are not asked for it."""

    def handle(self) -> Any:
        """Whoever has no address was let in by somebody here: from the shell, or by a link handed over."""
        if not EmailAddress.objects.filter(user=self.login.user).exists():
            return None, True
        return super().handle()
