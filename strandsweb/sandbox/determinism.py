"""One clock and one source of chance for moto, which a journal record can set again: same request, same answer."""

from __future__ import annotations

import contextlib
import datetime
import os
import sys
import time
import types
import uuid
from collections.abc import Iterator
from typing import Any

from moto.core.base_backend import AccountSpecificBackend
from moto.moto_api._internal import mock_random


class _Clock:
    """Seconds since the epoch while a request is performed, None in between; the cloud's lock guards it."""

    fixed: float | None = None


# The modules that draw identifiers, not only cryptographic noise, from the operating system.
OS_CHANCE = frozenset({"moto.s3.models", "moto.sts.utils"})


@contextlib.contextmanager
def moment(seconds: float, seed: int) -> Iterator[None]:
    """While inside, moto's time stands still at `seconds` and its next identifiers follow from `seed`."""
    mock_random.seed(seed)
    _Clock.fixed = seconds
    try:
        yield
    finally:
        _Clock.fixed = None


def now() -> float:
    """Seconds since the epoch, which stand still while a request is performed."""
    return time.time() if _Clock.fixed is None else _Clock.fixed


class _DatetimeMeta(type):
    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, datetime.datetime)


class _Datetime(datetime.datetime, metaclass=_DatetimeMeta):
    """`datetime.datetime` with our clock; makes only plain datetimes, so that none of this reaches moto's state."""

    def __new__(cls, *args: Any, **kwargs: Any) -> datetime.datetime:  # type: ignore[misc]
        return datetime.datetime(*args, **kwargs)  # noqa: DTZ001 (as moto asks)

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:  # type: ignore[override]
        return datetime.datetime.fromtimestamp(now(), tz)

    @classmethod
    def utcnow(cls) -> datetime.datetime:  # type: ignore[override]
        return datetime.datetime.fromtimestamp(now(), datetime.UTC).replace(tzinfo=None)

    @classmethod
    def today(cls) -> datetime.datetime:  # type: ignore[override]
        return datetime.datetime.fromtimestamp(now())  # noqa: DTZ006 (as moto asks)


def _make_backends_alike() -> None:
    """moto makes what every region begins with (a default VPC, say) at the first look, and looks are not in the log."""
    original = AccountSpecificBackend.__getitem__
    if original.__name__ == "made_alike":
        return

    def made_alike(self: Any, region: str) -> Any:
        if dict.__contains__(self, region):
            return original(self, region)
        state = mock_random.getstate()
        mock_random.seed(f"{self.service_name} {self.account_id} {region}")
        try:
            return original(self, region)
        finally:
            mock_random.setstate(state)

    AccountSpecificBackend.__getitem__ = made_alike  # type: ignore[method-assign]


def _shim(module: types.ModuleType, **replaced: Any) -> types.ModuleType:
    copy = types.ModuleType(module.__name__)
    copy.__dict__.update(module.__dict__)
    copy.__dict__.update(replaced)
    return copy


_datetime_module = _shim(datetime, datetime=_Datetime)
_time_module = _shim(time, time=now)
_os_module = _shim(os, urandom=mock_random.randbytes)


def install() -> None:
    """Gives every moto module loaded so far our clock and chance; call again after moto loads more. Idempotent."""
    _make_backends_alike()
    for name, module in list(sys.modules.items()):
        if not name.startswith("moto.") or module is None or "_determined" in module.__dict__:
            continue
        module.__dict__["_determined"] = True
        for key, value in list(module.__dict__.items()):
            if value is datetime.datetime:
                module.__dict__[key] = _Datetime
            elif value is datetime:
                module.__dict__[key] = _datetime_module
            elif value is time:
                module.__dict__[key] = _time_module
            elif value is uuid.uuid4 and name != AccountSpecificBackend.__module__:  # its ids are never shown
                module.__dict__[key] = mock_random.uuid4
            elif value is os and name in OS_CHANCE:
                module.__dict__[key] = _os_module
