"""What `manage.py check --deploy` says about the history: whether there is a key that can sign it."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, register

from history.signing import CannotSign, signer


@register(deploy=True)
def signing(**_: Any) -> list[CheckMessage]:
    """The key of the settings is there and readable; one of KMS is not asked."""
    try:
        signer()
    except CannotSign as error:
        return [Error(f"{error}.", hint="docs/records.md says how to make one.", id="history.E001")]
    return []
