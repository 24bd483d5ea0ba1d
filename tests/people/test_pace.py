"""Tokens: how often they may call, where they are used from, and what is written of those that work no longer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from projects.audit.deeds import Deed, Outcome, Via
from projects.audit.models import AuditEntry
from projects.models import Project, User
from projects.people import bearer, pace
from projects.people.api_tokens import ADDRESSES_KEPT, make_token, revoke_token
from projects.people.models import ApiToken
from strandsweb.settings.environment import number

pytestmark = pytest.mark.django_db
HOME = reverse("api-projects")


@pytest.fixture
def token(project: Project, bob: User) -> tuple[ApiToken, str]:
    return make_token(user=bob, name="ci", actions=[], days=1, made_by=bob, project=project)


def call(secret: str, address: str = "192.0.2.1", path: str = HOME) -> Any:
    return Client(REMOTE_ADDR=address).get(path, headers={"Authorization": f"Bearer {secret}"})


def test_too_many_calls_of_a_token_are_told_when_to_come_again(
    token: tuple[ApiToken, str], alice: User, counting: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace.time, "time", lambda: 1_000_000.0)
    settings.API_CALLS_PER_MINUTE = 3
    assert [call(token[1], f"192.0.2.{each}").status_code for each in range(4)] == [200, 200, 200, 429]
    refused = call(token[1])
    assert refused["Retry-After"] == "21", "what is left of this minute"
    assert refused.json()["error"] == "too-many-calls" and refused.json()["waitSeconds"] == 21
    assert refused.json()["message"] == "More than 3 calls in a minute."
    assert refused.json()["todo"] == "Wait 21 seconds before the next call."
    other = make_token(user=alice, name="ci", actions=[], days=1, made_by=alice)[1]
    assert call(other).status_code == 200, "each token has its own"
    monkeypatch.setattr(pace.time, "time", lambda: 1_000_021.0)
    assert call(token[1]).status_code == 200


def test_guessing_tokens_is_stopped_by_address(
    token: tuple[ApiToken, str], counting: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bearer, "WRONG_PER_MINUTE", 2)
    assert [call(f"sw_{each}").status_code for each in range(3)] == [401, 401, 429]
    assert call("sw_guess", "192.0.2.2").status_code == 401
    assert call(token[1]).status_code == 200, "a right one still works there"


def test_without_a_count_everybody_is_let_in(token: tuple[ApiToken, str], monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: object) -> None:
        raise ConnectionError("no broker")

    assert call(token[1]).status_code == 200, "the tests' cache keeps nothing"
    monkeypatch.setattr(type(cache._connections[cache._alias]), "add", away)  # type: ignore[attr-defined]
    assert call(token[1]).status_code == 200


def test_another_address_is_an_entry_once(token: tuple[ApiToken, str], project: Project) -> None:
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1"):
        assert call(token[1], address).status_code == 200
    second, first = AuditEntry.objects.filter(deed=Deed.TOKEN_USED)
    assert (first.address, second.address) == ("192.0.2.1", "192.0.2.2")
    assert (first.actor_text, first.token, first.via, first.chain) == ("bob", "ci", Via.API, project.pk)
    ApiToken.objects.update(addresses=[f"10.0.0.{each}" for each in range(ADDRESSES_KEPT)])
    call(token[1], "192.0.2.3")
    kept = ApiToken.objects.get().addresses
    assert len(kept) == ADDRESSES_KEPT and kept[0] == "192.0.2.3"


@pytest.mark.parametrize("end", ["revoked", "expired", "closed"])
def test_a_token_that_works_no_longer_is_written_as_its_owners(
    end: str, token: tuple[ApiToken, str], project: Project, bob: User
) -> None:
    match end:
        case "revoked":
            revoke_token(token[0], by=bob)
        case "expired":
            ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        case _:
            User.objects.filter(pk=bob.pk).update(is_active=False)
    assert call(token[1]).status_code == call(token[1]).status_code == 401
    denied = AuditEntry.objects.get(deed=Deed.DENIED)
    assert (denied.actor_text, denied.token, denied.via, denied.chain) == ("bob", "ci", Via.API, project.pk)
    assert denied.outcome == Outcome.DENIED and denied.target == f"GET {HOME}"


def test_an_unknown_token_is_written_as_nobodys(db: None) -> None:
    for path in (HOME, reverse("api-project", args=["anything"])):
        assert call("sw_made-up", path=path).status_code == 401
    assert AuditEntry.objects.get(deed=Deed.DENIED).actor_text == "nobody"
    assert Client().get(HOME).status_code == 401
    assert AuditEntry.objects.count() == 1, "to come without any token is no attempt"


def test_a_setting_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert number("CALLS", "600", least=1) == 600
    for wrong in ("0", "-1", "many", "1e9", "9" * 12):
        monkeypatch.setenv("CALLS", wrong)
        with pytest.raises(ImproperlyConfigured, match="CALLS is a whole number from 1 on"):
            number("CALLS", "600", least=1)
