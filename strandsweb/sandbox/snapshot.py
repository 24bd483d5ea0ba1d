"""All of moto's state as bytes and back, with long strings kept apart by their digest."""

from __future__ import annotations

import copyreg
import importlib
import io
import marshal
import pickle
import threading
import types
import weakref
from collections import defaultdict
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key
from cryptography.x509 import Certificate, load_der_x509_certificate
from moto.core.base_backend import BackendDict

from strandsweb.sandbox.blobs import Blobs

_PLAIN = {"backend", "service_name", "_use_boto3_regions", "_additional_regions", "_id"}


class _Pickler(pickle.Pickler):
    """Writes locks as fresh ones, weak dictionaries by content, long strings as references to blobs."""

    dispatch_table = {
        **copyreg.dispatch_table,
        type(threading.Lock()): lambda _: (threading.Lock, ()),
        type(threading.RLock()): lambda _: (threading.RLock, ()),
        weakref.WeakValueDictionary: lambda values: (weakref.WeakValueDictionary, (dict(values),)),
        threading.Condition: lambda _: (threading.Condition, ()),
    }

    def __init__(self, file: io.BytesIO, blobs: Blobs) -> None:
        super().__init__(file, protocol=5)
        self._blobs = blobs
        self.digests: set[str] = set()

    def reducer_override(self, value: Any) -> Any:
        """What pickle cannot do by itself: default factories, dictionaries with arguments, keys, certificates."""
        if isinstance(value, types.FunctionType) and "<locals>" in value.__qualname__ and not value.__closure__:
            return _rebuild_function, (value.__module__, marshal.dumps(value.__code__), value.__defaults__)
        if isinstance(value, defaultdict) and type(value) is not defaultdict:
            state = (vars(value), {"default_factory": value.default_factory})
            return _rebuild_dictionary, (type(value),), state, None, iter(value.items())
        if isinstance(value, (RSAPrivateKey, EllipticCurvePrivateKey)):
            der = value.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
            return _rebuild_key, (der,)
        if isinstance(value, Certificate):
            return _rebuild_certificate, (value.public_bytes(Encoding.DER),)
        return NotImplemented

    def persistent_id(self, value: Any) -> tuple[str, str] | None:
        kind = type(value)
        if (kind is bytes or kind is str) and len(value) >= Blobs.SMALLEST:
            digest = self._blobs.put(value if kind is bytes else value.encode("utf-8", "surrogatepass"))
            self.digests.add(digest)
            return kind.__name__, digest
        return None


def _rebuild_dictionary(kind: type[dict[Any, Any]]) -> dict[Any, Any]:
    return kind.__new__(kind)


def _rebuild_key(der: bytes) -> Any:
    return load_der_private_key(der, None)


def _rebuild_certificate(der: bytes) -> Any:
    return load_der_x509_certificate(der)


def _rebuild_function(module: str, code: bytes, defaults: tuple[Any, ...] | None) -> types.FunctionType:
    # The snapshot is the sandbox's own file in a folder of its own; marshal and pickle read nothing from elsewhere.
    body = marshal.loads(code)  # noqa: S302
    function = types.FunctionType(body, vars(importlib.import_module(module)), argdefs=defaults)
    function.__module__ = module
    return function


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, blobs: Blobs) -> None:
        super().__init__(file)
        self._blobs = blobs

    def persistent_load(self, reference: tuple[str, str]) -> bytes | str:
        kind, digest = reference
        data = self._blobs.get(digest)
        return data if kind == "bytes" else data.decode("utf-8", "surrogatepass")


def take(blobs: Blobs) -> tuple[bytes, set[str]]:
    """The state of every account and service in use, and the digests of the blobs it refers to.

    Raises what pickle raises when an object of moto's cannot be written or would not come back.
    """
    state: dict[tuple[str, str], tuple[dict[str, Any], dict[str, dict[str, Any]]]] = {}
    for backends in _backends_in_use():
        kind = backends.backend
        own = {key: value for key, value in vars(backends).items() if key not in _PLAIN}
        accounts = {account: dict(regions) for account, regions in dict.items(backends)}
        state[kind.__module__, kind.__qualname__] = (own, accounts)
    file = io.BytesIO()
    pickler = _Pickler(file, blobs)
    pickler.dump(state)
    data = file.getvalue()
    _Unpickler(io.BytesIO(data), blobs).load()  # only what can be read back may replace the log it was made from
    return data, pickler.digests


def _backends_in_use() -> list[Any]:
    return list(BackendDict._instances)  # type: ignore[misc]


def restore(data: bytes, blobs: Blobs) -> None:
    """Puts a state back into moto's (still empty) backends."""
    state = _Unpickler(io.BytesIO(data), blobs).load()
    for (module, name), (own, accounts) in state.items():
        backends = _backends_of(module, name)
        vars(backends).update(own)
        for account, regions in accounts.items():
            place = backends[account]
            for region, backend in regions.items():
                place[region] = backend


def _backends_of(module: str, name: str) -> Any:
    for value in vars(importlib.import_module(module)).values():
        if isinstance(value, BackendDict) and value.backend.__qualname__ == name:
            return value
    raise LookupError(f"moto has no backends of {module}.{name}")
