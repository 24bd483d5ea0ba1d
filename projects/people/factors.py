"""When somebody last showed a second factor in this session, and how they are asked for it again."""

from __future__ import annotations

from datetime import UTC, datetime

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.reauthentication import suspend_request
from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse

from projects.models import User


def factor_at(request: HttpRequest) -> datetime | None:
    """When, in UTC; None where they signed in without one and have not been asked since."""
    user = request.user
    if not isinstance(user, User):
        return None
    shown = [each["at"] for each in get_authentication_records(request, user) if each.get("method") == "mfa"]
    return datetime.fromtimestamp(max(shown), UTC) if shown else None


def has_factor(user: User) -> bool:
    """Whether they set one up."""
    return bool(is_mfa_enabled(user))


def ask_again(request: HttpRequest) -> HttpResponseRedirect:
    """Sends them to show it; what they were about to do is done afterwards, without typing it again."""
    answer: HttpResponseRedirect = suspend_request(request, reverse("mfa_reauthenticate"))
    return answer
