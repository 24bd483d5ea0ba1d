"""Every socket, as a hostile page or program would use it: from elsewhere, with another's session, after the end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client
from django.urls import reverse

from deployments import broadcasts
from deployments.consumers import DeploymentConsumer
from deployments.models import Deployment
from deployments.routing import websocket_urlpatterns
from projects.models import Membership, User
from strandsweb.asgi import application
from tests.web.conftest import tell

pytestmark = pytest.mark.django_db(transaction=True)

RULES = {"ws/projects/<slug:slug>/deployments/<slug:public_id>/": (DeploymentConsumer, "members of the project")}
"""Each socket's address: what answers it, and whom. The tests below try all of what is here."""

OURS = "http://testserver"


@sync_to_async
def knock(
    deployment: Deployment, who: User | None, *, origin: str | None = OURS, session: str | None = None, tail: str = ""
) -> WebsocketCommunicator:
    """A socket with those headers, not yet connected."""
    client = Client()
    if who is not None:
        client.force_login(who)
    key = client.session.session_key if session is None else session
    headers = [("cookie", f"{settings.SESSION_COOKIE_NAME}={key}"), ("host", "testserver")]
    if origin is not None:
        headers.append(("origin", origin))
    path = f"/ws/projects/support-desk/deployments/{deployment.public_id}/{tail}"
    sent = [(name.encode(), value.encode()) for name, value in headers]
    return WebsocketCommunicator(application, path, headers=sent)


async def gets_in(socket: WebsocketCommunicator) -> bool:
    """Whether it is accepted; it is closed again."""
    accepted, _ = await socket.connect()
    await socket.disconnect()
    return bool(accepted)


def test_every_socket_has_a_rule() -> None:
    found = {str(each.pattern): each.callback.consumer_class for each in websocket_urlpatterns}
    assert found == {address: consumer for address, (consumer, _) in RULES.items()}


async def test_members_and_nobody_else_get_in(
    running: Deployment, vera: User, bob: User, ada: User, alice: User, mallory: User
) -> None:
    root = await database_sync_to_async(User.objects.create_superuser)("root")
    for who in (vera, bob, ada, alice):
        assert await gets_in(await knock(running, who)), who
    for who in (None, mallory, root):
        assert not await gets_in(await knock(running, who)), who


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "http://evil.example",
        "http://testserver.evil.example",
        "http://evil.example/testserver",
        "file://",
    ],
)
async def test_another_sites_page_gets_nothing(origin: str | None, running: Deployment, alice: User) -> None:
    assert not await gets_in(await knock(running, alice, origin=origin))


@pytest.mark.parametrize("session", ["", "x", "0" * 32, "'; DROP TABLE django_session; --", "\u00e9" * 40])
async def test_a_made_up_session_gets_nothing(session: str, running: Deployment, alice: User) -> None:
    assert not await gets_in(await knock(running, None, session=session))


@pytest.mark.parametrize(
    "tail", ["?session=x", "?token=x&user=1", "?after=\u0669", "?after=%00", "?after=" + "9" * 5000]
)
async def test_nothing_in_the_address_gives_or_breaks_anything(tail: str, running: Deployment, vera: User) -> None:
    assert not await gets_in(await knock(running, None, tail=tail))
    assert await gets_in(await knock(running, vera, tail=tail))


async def test_what_a_browser_sends_is_not_listened_to(running: Deployment, vera: User) -> None:
    socket = await knock(running, vera)
    await socket.connect()
    await socket.receive_from()
    for sent in ("{", '{"type": "relay", "html": "<b>x"}', "x" * 100_000, "\0"):
        await socket.send_to(text_data=sent)
    await socket.send_to(bytes_data=b"\xff" * 1000)
    assert await socket.receive_nothing(timeout=0.2)
    await socket.disconnect()


def removed(client: Client, vera: User) -> None:
    """An owner takes her out of the project, on its page."""
    row = Membership.objects.get(user=vera)
    assert client.post(reverse("member-remove", args=["support-desk", row.pk])).status_code == 302


def closed(client: Client, vera: User) -> None:
    """Her account is closed."""
    User.objects.filter(pk=vera.pk).update(is_active=False)


@pytest.mark.parametrize("deed", [removed, closed], ids=lambda deed: deed.__name__)
async def test_who_may_no_longer_hears_not_one_word_more(
    deed: Callable[[Client, User], None], running: Deployment, vera: User, bob: User, alice: User
) -> None:
    hers, his = await knock(running, vera), await knock(running, bob)
    for each in (hers, his):
        await each.connect()
        await each.receive_from()
    owner = Client()
    await database_sync_to_async(owner.force_login)(alice)
    await database_sync_to_async(deed)(owner, vera)
    await database_sync_to_async(tell)(
        running, "log", "create:AlertsTopic", "AlertsTopic", level="info", message="psst"
    )
    await sync_to_async(broadcasts.run_changed)(deployment_id=running.pk, first=3, last=3)
    assert "psst" in await his.receive_from()
    assert (await hers.receive_output(timeout=10))["type"] == "websocket.close"
    await his.disconnect()
