"""A world of its own for each life: account, database, history, sources, and one of the sandboxes.

Names are the same in all of them, so that whatever is derived from names is the same too.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.proof.children import Child, Ended, begin, in_child

SLUG = "matrix"


@dataclass(frozen=True, slots=True)
class World:
    """Number `number`, whose files are below `directory`; `sandboxes` are the addresses to choose from."""

    directory: Path
    number: int
    sandboxes: tuple[str, ...]

    @property
    def account(self) -> str:
        return f"7{self.number:011}"

    @property
    def sandbox(self) -> str:
        return self.sandboxes[self.number % len(self.sandboxes)]

    def path(self, name: str) -> Path:
        return self.directory / f"{name}-{self.number}"

    def do(self, function: Callable[..., Any], *arguments: Any) -> Ended:
        """Runs the function in a process of its own in this world, to its end."""
        return in_child(_within, self, function, arguments)

    def begin(self, function: Callable[..., Any], *arguments: Any) -> Child:
        """Starts a process in this world."""
        return begin(_within, self, function, arguments)


def _within(world: World, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    from django.conf import settings
    from django.db import connection

    database = world.path("database")
    if not database.exists():
        with sqlite3.connect(connection.settings_dict["NAME"]) as empty, sqlite3.connect(database) as own:
            empty.backup(own)
    connection.settings_dict["NAME"] = str(database)
    settings.AWS_ENDPOINT_URL = world.sandbox
    settings.HISTORY_BUCKET = f"history-{world.number}"
    settings.STORAGES["sources"]["OPTIONS"]["location"] = world.path("sources")
    return function(*arguments)
