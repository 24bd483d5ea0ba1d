"""Secrets we hand out once and recognise later: random, and kept as a hash alone.

The hash needs no salt and no slowness, because what is hashed has 256 random bits.
"""

from __future__ import annotations

import hashlib
import secrets


def new_token() -> str:
    """43 characters that fit into an address."""
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """SHA-256, 64 hex digits."""
    return hashlib.sha256(token.encode()).hexdigest()
