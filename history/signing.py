"""What signs the records: an Ed25519 key of this installation, in a file or in AWS KMS."""

from __future__ import annotations

import base64
import os
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Protocol

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from history.store import StoreUnavailable
from history.verifier import key_id, message

KMS_SPEC = "ECC_NIST_EDWARDS25519"


class CannotSign(StoreUnavailable):
    """There is no key, or it cannot be used; records are written when that has changed."""


class Signer(Protocol):
    """A key. Both raise CannotSign."""

    @property
    def public(self) -> bytes:
        """Its 32 public bytes."""

    @property
    def id(self) -> str:
        """Its name: the SHA-256 of the public bytes."""

    def sign(self, what: str, digest: str) -> str:
        """The signature (base64) of the digest of a `manifest`, `key` or `archive`."""


class LocalKey:
    """A private key that this process holds."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = private.public_key().public_bytes_raw()
        self.id = key_id(self.public)

    @classmethod
    def from_pem(cls, pem: str) -> LocalKey:
        """The key written as `openssl genpkey -algorithm ed25519` writes it.

        Raises:
            CannotSign: it is none, or is encrypted.
        """
        try:
            private = serialization.load_pem_private_key(pem.encode(), password=None)
        except (ValueError, TypeError) as error:
            raise CannotSign(f"the key that signs the history cannot be read: {error}") from error
        if not isinstance(private, Ed25519PrivateKey):
            raise CannotSign("the key that signs the history is not an Ed25519 key")
        return cls(private)

    def sign(self, what: str, digest: str) -> str:
        """See `Signer.sign`."""
        return base64.b64encode(self._private.sign(message(what, digest))).decode()


class KmsKey:
    """A key of AWS KMS (key spec ECC_NIST_EDWARDS25519), which nobody holds. `client` is a boto3 KMS client."""

    def __init__(self, client: Any, arn: str) -> None:
        self._client = client
        self._arn = arn

    @cached_property
    def public(self) -> bytes:
        """See `Signer.public`."""
        answer = self._asked("get_public_key")
        if answer["KeySpec"] != KMS_SPEC:
            raise CannotSign(f"the KMS key {self._arn} is of {answer['KeySpec']}; the history needs {KMS_SPEC}")
        public = serialization.load_der_public_key(answer["PublicKey"])
        if not isinstance(public, Ed25519PublicKey):
            raise CannotSign(f"the KMS key {self._arn} is no Ed25519 key")
        return public.public_bytes_raw()

    @cached_property
    def id(self) -> str:
        """See `Signer.id`."""
        return key_id(self.public)

    def sign(self, what: str, digest: str) -> str:
        """See `Signer.sign`."""
        asked = {"Message": message(what, digest), "MessageType": "RAW", "SigningAlgorithm": "ED25519_SHA_512"}
        return base64.b64encode(self._asked("sign", **asked)["Signature"]).decode()

    def _asked(self, operation: str, **parameters: Any) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(self._client, operation)(KeyId=self._arn, **parameters)
        except (BotoCoreError, ClientError) as error:
            raise CannotSign(f"the KMS key {self._arn} does not answer: {error}") from error


def signer() -> Signer:
    """The key the settings name: `HISTORY_KMS_KEY` (an ARN), else `HISTORY_SIGNING_KEY` (PEM, or a file of it).

    The embedded settings name a file below DATA_DIR; there it is made when it is missing.

    Raises:
        CannotSign: neither is set, or it cannot be read.
    """
    from django.conf import settings

    named = settings.HISTORY_KMS_KEY or settings.HISTORY_SIGNING_KEY
    if not named:
        raise CannotSign("nothing signs the history: set HISTORY_SIGNING_KEY or HISTORY_KMS_KEY")
    if settings.EMBEDDED and not named.startswith(("arn:", "-----BEGIN")):
        make(Path(named))
    return signer_of(named)


@lru_cache(maxsize=4)
def signer_of(named: str) -> Signer:
    """The key of an ARN of KMS, of PEM text, or of a file that holds PEM.

    Raises:
        CannotSign: it cannot be read.
    """
    if named.startswith("arn:"):
        return KmsKey(_kms(named), named)
    if named.startswith("-----BEGIN"):
        return LocalKey.from_pem(named)
    try:
        return LocalKey.from_pem(Path(named).read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise CannotSign(f"the key that signs the history cannot be read from {named}: {error}") from error


def make(path: Path) -> None:
    """Writes a new private key where none is, whole or not at all, readable by its owner alone."""
    if path.exists():
        return
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # of two processes that make one at once, one wins
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _kms(arn: str) -> Any:
    import boto3
    from botocore.config import Config
    from django.conf import settings

    parts = arn.split(":")
    if len(parts) < 6 or parts[2] != "kms" or not parts[3]:
        raise CannotSign(f"{arn} is not the ARN of a KMS key")
    config = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "max_attempts": 5})
    return boto3.client("kms", region_name=parts[3], endpoint_url=settings.AWS_ENDPOINT_URL or None, config=config)
