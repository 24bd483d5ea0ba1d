"""The socket of a run: who gets in, what is shown first, what is passed on, dropped, fetched again."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from allauth.usersessions.models import UserSession
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client
from django.urls import reverse

from deployments import broadcasts
from deployments.consumers import GONE
from deployments.following import news
from deployments.models import Deployment, Status
from projects.audit.deeds import Deed
from projects.audit.models import AuditEntry, RepeatedDenial
from projects.models import Membership, User
from projects.people import presence
from strandsweb.asgi import application
from tests.web.conftest import Visit, tell

pytestmark = pytest.mark.django_db(transaction=True)
LOG = {"level": "info", "message": "still there"}


@sync_to_async
def knock(deployment: Deployment, who: User | Client | None, after: int | str = 0) -> WebsocketCommunicator:
    """A socket of that browser, or of a new one of that person, to the deployment's page, not yet connected."""
    client = who if isinstance(who, Client) else Client()
    if isinstance(who, User):
        client.force_login(who)
    path = f"/ws/projects/support-desk/deployments/{deployment.public_id}/?after={after}"
    cookie = ("cookie", f"{settings.SESSION_COOKIE_NAME}={client.session.session_key}")
    headers = [(name.encode(), value.encode()) for name, value in [cookie, ("origin", "http://testserver")]]
    return WebsocketCommunicator(application, path, headers=headers)


async def announce(deployment: Deployment, first: int, last: int) -> None:
    """What the worker does after its commit."""
    await sync_to_async(broadcasts.run_changed)(
        deployment_id=deployment.pk, first=first, last=last, logical_ids={"AlertsTopic"}
    )


tell_later = database_sync_to_async(tell)


async def test_strangers_do_not_get_in(running: Deployment, mallory: User) -> None:
    for user in (None, mallory):
        accepted, _ = await (await knock(running, user)).connect()
        assert not accepted


async def test_who_is_turned_away_is_written_down_and_counted(running: Deployment, mallory: User, vera: User) -> None:
    for _ in range(3):
        socket = await knock(running, mallory)
        socket.scope["client"] = ["192.0.2.9", 5]
        await socket.connect()
    denied = await AuditEntry.objects.aget(deed=Deed.DENIED)
    assert (denied.actor_text, denied.target_type, denied.address) == ("mallory", "socket", "192.0.2.9")
    assert denied.target == f"/ws/projects/support-desk/deployments/{running.public_id}/"
    assert denied.chain == await sync_to_async(lambda: running.environment.project_id)()
    assert (await RepeatedDenial.objects.aget()).times == 2
    await (await knock(running, None)).connect()
    assert await AuditEntry.objects.filter(actor_text="nobody").acount() == 1
    running.public_id = "2026-11-20T10-30-00Z-ffffff"
    await (await knock(running, vera)).connect()
    assert await AuditEntry.objects.filter(deed=Deed.DENIED).acount() == 2, "what is not there is refused to nobody"


async def test_a_deployment_of_another_project_is_not_there(running: Deployment, vera: User) -> None:
    running.public_id = "2026-11-20T10-30-00Z-ffffff"
    accepted, _ = await (await knock(running, vera)).connect()
    assert not accepted


async def test_a_viewer_first_gets_what_they_have_not_seen(running: Deployment, vera: User) -> None:
    socket = await knock(running, vera, after=1)
    assert (await socket.connect())[0]
    first = await socket.receive_from()
    assert 'id="event-2"' in first
    assert 'id="event-1"' not in first
    assert 'id="step-create_3a_AlertsTopic"' in first
    await socket.disconnect()


@pytest.mark.parametrize("after", ["", "-3", "x", "9" * 20])
async def test_a_nonsense_number_means_from_the_start(running: Deployment, vera: User, after: str) -> None:
    socket = await knock(running, vera, after=after)
    assert (await socket.connect())[0]
    assert 'id="event-1"' in await socket.receive_from()
    await socket.disconnect()


async def test_news_are_relayed_once_and_in_order(running: Deployment, vera: User) -> None:
    socket = await knock(running, vera)
    await socket.connect()
    await socket.receive_from()
    await tell_later(running, "log", "create:AlertsTopic", "AlertsTopic", **LOG)
    await announce(running, 3, 3)
    relayed = await socket.receive_from()
    assert "still there" in relayed
    assert 'id="event-3"' in relayed
    await announce(running, 3, 3)
    assert await socket.receive_nothing()
    await socket.disconnect()


async def test_a_gap_is_filled_from_the_event_log(running: Deployment, vera: User) -> None:
    socket = await knock(running, vera)
    await socket.connect()
    await socket.receive_from()
    for _ in range(3):  # the messages of 3 and 4 were lost on the way
        await tell_later(running, "log", "create:AlertsTopic", "AlertsTopic", **LOG)
    await announce(running, 5, 5)
    caught_up = await socket.receive_from()
    assert all(f'id="event-{number}"' in caught_up for number in (3, 4, 5))
    await socket.disconnect()


async def test_another_phase_rings_even_without_new_events(running: Deployment, vera: User) -> None:
    socket = await knock(running, vera)
    await socket.connect()
    await socket.receive_from()
    await database_sync_to_async(Deployment.objects.filter(pk=running.pk).update)(status=Status.SUCCEEDED)
    await announce(running, 2, 2)
    rung = await socket.receive_from()
    assert 'data-phase="succeeded.' in rung
    assert "event-2" not in rung
    await socket.disconnect()


async def test_who_is_removed_hears_nothing_more(running: Deployment, vera: User) -> None:
    socket = await knock(running, vera)
    await socket.connect()
    await socket.receive_from()
    await database_sync_to_async(Membership.objects.filter(user=vera).delete)()
    await tell_later(running, "log", "create:AlertsTopic", "AlertsTopic", **LOG)
    await announce(running, 3, 3)
    assert (await socket.receive_output())["type"] == "websocket.close"


def end(client: Client) -> None:
    """The session is ended from another browser."""
    user = User.objects.get(pk=client.session["_auth_user_id"])
    elsewhere = Client()
    elsewhere.force_login(user)
    row = UserSession.objects.create(user=user, ip="10.0.0.1", session_key=client.session.session_key, user_agent="x")
    assert elsewhere.post(reverse("session-end", args=[row.pk])).status_code == 302


def sign_out(client: Client) -> None:
    """The person leaves."""
    assert client.post(reverse("sign-out")).status_code == 302


def change_password(client: Client) -> None:
    """From another browser, so that this one's session ends."""
    elsewhere = Client()
    elsewhere.post(reverse("sign-in"), {"username": "vera", "password": "vera"})
    elsewhere.post(reverse("account_reauthenticate"), {"password": "vera"})
    words = {"oldpassword": "vera", "password1": "correct-horse-battery", "password2": "correct-horse-battery"}
    assert elsewhere.post(reverse("account_change_password"), words).status_code == 302


@pytest.mark.parametrize("deed", [end, sign_out, change_password], ids=lambda deed: deed.__name__)
async def test_a_session_that_ends_silences_its_pages_at_once(
    running: Deployment, vera: User, bob: User, deed: Callable[[Client], None]
) -> None:
    browser = Client()
    await database_sync_to_async(browser.force_login)(vera)
    socket, other = await knock(running, browser), await knock(running, bob)
    for each in (socket, other):
        await each.connect()
        await each.receive_from()
    await database_sync_to_async(deed)(browser)
    assert await socket.receive_output(timeout=10) == {"type": "websocket.close", "code": GONE}
    assert await other.receive_nothing(), "of others nothing changed"
    await other.disconnect()


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "!"}], ids=str)
async def test_what_nobody_told_of_is_seen_before_long(
    running: Deployment, vera: User, change: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deployments.consumers.LOOK_SECONDS", 0.05)
    socket = await knock(running, vera)
    await socket.connect()
    await socket.receive_from()
    await database_sync_to_async(User.objects.filter(pk=vera.pk).update)(**change)
    assert await socket.receive_output(timeout=10) == {"type": "websocket.close", "code": GONE}


async def test_a_look_that_finds_all_well_changes_nothing(
    running: Deployment, vera: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deployments.consumers.LOOK_SECONDS", 0.01)
    socket = await knock(running, vera)
    await socket.connect()
    await socket.receive_from()
    await database_sync_to_async(presence.look_again)(vera.pk)
    assert await socket.receive_nothing(timeout=0.2)
    await socket.disconnect()


def test_a_broker_that_is_away_stops_nobody(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    class Away:
        async def group_send(self, group: str, message: object) -> None:
            raise ConnectionError(group)

    monkeypatch.setattr(presence, "get_channel_layer", Away)
    presence.look_again(alice.pk)
    monkeypatch.setattr(presence, "get_channel_layer", lambda: None)
    presence.look_again(alice.pk)


def test_what_is_pushed_and_what_is_polled_are_the_same_bytes(
    running: Deployment, vera: User, visit: Callable[[User | None], object]
) -> None:
    visitor: Visit = visit  # type: ignore[assignment]
    told = news(running.pk, after=0)
    url = reverse("deployment-news", args=["support-desk", running.public_id])
    polled = visitor(vera).get(url, {"after": "0", "phase": told.phase}).content.decode()
    elapsed = re.compile(r"\d+ s</span>")  # the clock may tick between the two
    assert elapsed.sub("", polled) == elapsed.sub("", told.html)


def test_a_page_brought_up_to_date_by_news_shows_what_a_fresh_one_shows(
    running: Deployment, vera: User, visit: Visit
) -> None:
    tell(running, "step.succeeded", "create:AlertsTopic", "AlertsTopic", physicalId="arn:x", seconds=1.0)
    running.steps.filter(step_id="create:AlertsTopic").update(status="succeeded", physical_id="arn:x", seconds=1.0)
    told = news(running.pk, after=2).html
    fresh = visit(vera).get(reverse("deployment", args=["support-desk", running.public_id])).content.decode()

    def piece(text: str, start: str, end: str) -> str:
        found = text[text.index(start) :]
        return " ".join(found[: found.index(end)].replace('hx-swap-oob="true"', "").split())

    assert piece(told, '<li class="step" id="step-create_3a_AlertsTopic"', "</li>") == piece(
        fresh, '<li class="step" id="step-create_3a_AlertsTopic"', "</li>"
    )
    assert piece(told, '<div class="log-line" id="event-3"', "</div>") == piece(
        fresh, '<div class="log-line" id="event-3"', "</div>"
    )
