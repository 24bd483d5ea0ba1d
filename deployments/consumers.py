"""The socket of a deployment's page: authorise, join, catch up, relay."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.core.exceptions import PermissionDenied
from django.http import Http404

from deployments.broadcasts import group
from deployments.following import News, news
from deployments.models import Deployment
from projects.access import access_to

GONE = 4404


class DeploymentConsumer(AsyncWebsocketConsumer):
    """Pushes a run's news to one viewer.

    The group is joined before the first look, so that nothing falls between; what the look already showed is
    dropped when it arrives again, and a gap is filled by another look. Membership is asked at every push.
    """

    async def connect(self) -> None:
        """Accepts members of the project; to anybody else the deployment does not exist."""
        route = self.scope["url_route"]["kwargs"]
        self.slug: str = route["slug"]
        found = await self._find(route["public_id"])
        if found is None:
            await self.close()
            return
        self.deployment_id = found
        self.shown = _number(self.scope["query_string"])
        self.phase = ""
        await self.channel_layer.group_add(group(found), self.channel_name)
        await self.accept()
        await self._catch_up()

    async def disconnect(self, code: int) -> None:
        """Leaves the group."""
        if hasattr(self, "deployment_id"):
            await self.channel_layer.group_discard(group(self.deployment_id), self.channel_name)

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

    async def _catch_up(self) -> None:
        told: News = await database_sync_to_async(news)(self.deployment_id, after=self.shown)
        await self._show(told.last, told.phase, told.html)

    async def _show(self, last: int, phase: str, html: str) -> None:
        self.shown, self.phase = max(last, self.shown), phase
        await self.send(text_data=html)

    @database_sync_to_async
    def _find(self, public_id: str) -> int | None:
        """The deployment's key, if this person may see its project."""
        try:
            access = access_to(self.scope["user"], self.slug)
        except (Http404, PermissionDenied):
            return None
        rows = Deployment.objects.filter(environment__project=access.project, public_id=public_id)
        return rows.values_list("pk", flat=True).first()

    @database_sync_to_async
    def _is_member(self) -> bool:
        try:
            access_to(self.scope["user"], self.slug)
        except (Http404, PermissionDenied):
            return False
        return True


def _number(query: bytes) -> int:
    """The `after` a page connects with; 0 when it says none or nonsense."""
    text = parse_qs(query.decode("ascii", "replace")).get("after", ["0"])[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
