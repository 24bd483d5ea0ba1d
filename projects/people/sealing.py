"""Small secrets that have to be read again (keys of second steps, addresses of channels) are sealed in the database."""

from __future__ import annotations

import base64
from functools import cache

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


@cache
def _box(secret_key: str, purpose: str) -> Fernet:
    """A key for this purpose alone, derived from the installation's secret."""
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"strandsweb {purpose}".encode()).derive(
        secret_key.encode()
    )
    return Fernet(base64.urlsafe_b64encode(derived))


def seal(secret: str, purpose: str = "second steps") -> str:
    """The secret, encrypted and signed with a key that is not in the database."""
    return _box(settings.SECRET_KEY, purpose).encrypt(secret.encode()).decode()


def unseal(sealed: str, purpose: str = "second steps") -> str:
    """The secret again.

    Raises:
        InvalidToken: it was sealed with another key or for another purpose, or changed.
    """
    return _box(settings.SECRET_KEY, purpose).decrypt(sealed.encode()).decode()
