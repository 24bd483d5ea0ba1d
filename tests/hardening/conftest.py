"""One world per module, in a transaction that is given up at the module's end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

import history.store
from tests.hardening.world import World, build


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """See `world.World`; nothing is sent to workers, and each request is taken back."""
    history.store._memory.cache_clear()
    atomic = transaction.atomic()
    atomic._from_testcase = True  # as Django's own test cases mark theirs: what asks to be outermost still may
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock():
        patch.setattr("deployments.dispatch._send", lambda task, key: None)
        with atomic:
            yield build()
            transaction.set_rollback(True)
    history.store._memory.cache_clear()
