"""Who is signed in by a session right now, for what stays open after the request that opened it."""

from __future__ import annotations

import logging
from functools import partial
from importlib import import_module

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.contrib.auth import get_user
from django.db import transaction
from django.http import HttpRequest

from projects.models import User
from projects.people import viewing

log = logging.getLogger(__name__)


def signed_in(session_key: str) -> User | None:
    """The person of that session; None once it has ended, is too old, or their account or password is another.

    What a page's own request would be answered: the session is read from where it is stored, and not remembered.
    """
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    person = get_user(request)
    if not isinstance(person, User):
        return None
    person.view_as = viewing.current(request.session)
    return person


def group(user_id: int) -> str:
    """The name under which this person's sockets listen."""
    return f"person-{user_id}"


def look_again(user_id: int) -> None:
    """Lets this person's sockets look whether they may stay open, once what was done is committed.

    A socket that does not hear it looks by itself every now and then, so a broker that is away stops nobody.
    """
    transaction.on_commit(partial(_ring, user_id))


def _ring(user_id: int) -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        async_to_sync(layer.group_send)(group(user_id), {"type": "look"})
    except Exception:  # the deed is done; the socket looks by itself before long
        log.warning("sockets could not be told to look again", exc_info=True)
