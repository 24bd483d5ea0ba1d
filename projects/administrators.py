"""Who administers the installation: people and sign-in, and nothing of any project."""

from __future__ import annotations

from django.http import HttpRequest

from projects.access import Outsider
from projects.models import User


def administrator(request: HttpRequest) -> User:
    """The administrator who is signed in.

    Raises:
        Outsider: it is somebody else; to them the page does not exist (404, never 403), and they are written down.
    """
    if isinstance(request.user, User) and request.user.is_superuser:
        return request.user
    raise Outsider("No such page.")
