"""The socket of a deployment's page: authorise, join, catch up, relay."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import Http404

from deployments.broadcasts import group
from deployments.following import News, news
from deployments.models import Deployment
from projects.access import access_to
from projects.audit.acting import Circumstances, acting
from projects.audit.deeds import Via
from projects.audit.denials import deny
from projects.audit.middleware import address_seen
from projects.models import Project, User
from projects.people import presence
from projects.roles import Action

GONE = 4404
LOOK_SECONDS = 30.0
"""How long a socket may stay open, at most, before it asks again whether its person may still see this."""


class DeploymentConsumer(AsyncWebsocketConsumer):
    """Pushes a run's news to one viewer.

    The group is joined before the first look, so that nothing falls between; what the look already showed is
    dropped when it arrives again, and a gap is filled by another look. Whether the session still holds and its person
    is still a member is asked at every push, when something happens to the account, and every `LOOK_SECONDS`.
    """

    async def connect(self) -> None:
        """Accepts members of the project; to anybody else the deployment does not exist."""
        route = self.scope["url_route"]["kwargs"]
        self.slug: str = route["slug"]
        self.session_key: str = self.scope["cookies"].get(settings.SESSION_COOKIE_NAME, "")
        found = await self._find(route["public_id"])
        if found is None:
            await self._write_down_who_was_refused()
            await self.close()
            return
        self.deployment_id, self.listens_as = found
        self.shown = _number(self.scope["query_string"])
        self.phase = ""
        self.groups_joined = (group(self.deployment_id), presence.group(self.listens_as))
        for each in self.groups_joined:
            await self.channel_layer.group_add(each, self.channel_name)
        await self.accept()
        self.looking = asyncio.create_task(self._look_now_and_then())
        await self._catch_up()

    async def disconnect(self, code: int) -> None:
        """Leaves the groups."""
        if hasattr(self, "looking"):
            self.looking.cancel()
        for each in getattr(self, "groups_joined", ()):
            await self.channel_layer.group_discard(each, self.channel_name)

    async def look(self, message: dict[str, Any]) -> None:
        """Something happened to this person's session or account."""
        if not await self._is_member():
            await self.close(GONE)

    async def relay(self, message: dict[str, Any]) -> None:
        """Passes news on, if they follow on what is shown."""
        if not await self._is_member():
            await self.close(GONE)
        elif message["last"] <= self.shown:
            if message["phase"] != self.phase:
                await self._show(message["last"], message["phase"], message["mark"])
        elif message["after"] == self.shown:
            await self._show(message["last"], message["phase"], message["html"])
        else:
            await self._catch_up()

    async def discussed(self, message: dict[str, Any]) -> None:
        """Rings: the page then asks for what was said, as its person."""
        if await self._is_member():
            await self.send(text_data=message["html"])
        else:
            await self.close(GONE)

    async def _look_now_and_then(self) -> None:
        may_stay = True
        while may_stay:
            await asyncio.sleep(LOOK_SECONDS)
            may_stay = await self._is_member()
        await self.close(GONE)

    async def _catch_up(self) -> None:
        told: News = await database_sync_to_async(news)(self.deployment_id, after=self.shown)
        await self._show(told.last, told.phase, told.html)

    async def _show(self, last: int, phase: str, html: str) -> None:
        self.shown, self.phase = max(last, self.shown), phase
        await self.send(text_data=html)

    @database_sync_to_async
    def _find(self, public_id: str) -> tuple[int, int] | None:
        """The keys of the deployment and of whoever is signed in, if they may see its environment."""
        rows = Deployment.objects.filter(environment__project__slug=self.slug, public_id=public_id)
        found = rows.values_list("pk", "environment__name").first()
        if found is None:
            return None
        key, self.environment = found
        try:
            access = access_to(self._person(), self.slug, Action.VIEW, self.environment)
        except (Http404, PermissionDenied):
            return None
        return key, access.user.pk

    @database_sync_to_async
    def _is_member(self) -> bool:
        try:
            access_to(self._person(), self.slug, Action.VIEW, self.environment)
        except (Http404, PermissionDenied, DatabaseError):  # who cannot be asked about hears nothing either
            return False
        return True

    @database_sync_to_async
    def _write_down_who_was_refused(self) -> None:
        """Members who ask for a deployment that is not there were refused nothing."""
        try:
            access_to(self._person(), self.slug)
        except (Http404, PermissionDenied) as refusal:
            project = Project.objects.filter(slug=self.slug).first()
            with acting(Circumstances(via=Via.WEB, address=self._address(), request_id=uuid.uuid4().hex)):
                deny(
                    actor=self._person(),
                    project=project,
                    target_type="socket",
                    target=self.scope["path"],
                    why=str(refusal),
                )

    def _address(self) -> str:
        headers = dict(self.scope["headers"])
        peer = (self.scope.get("client") or [""])[0]
        return address_seen(headers.get(b"x-forwarded-for", b"").decode("latin-1"), peer)

    def _person(self) -> User | AnonymousUser:
        return presence.signed_in(self.session_key) or AnonymousUser()


def _number(query: bytes) -> int:
    """The `after` a page connects with; 0 when it says none or nonsense."""
    text = parse_qs(query.decode("ascii", "replace")).get("after", ["0"])[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
