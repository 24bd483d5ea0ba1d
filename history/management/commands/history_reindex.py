"""`manage.py history_reindex`: the index of the history made again from the store alone."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from history.index import rebuild
from history.records import NotARecord
from history.store import StoreError, store
from projects.audit.deeds import Deed
from projects.audit.writing import write


class Command(BaseCommand):
    """Rebuilds every environment's rows; pages stay usable meanwhile."""

    help = "Rebuild the history index from the store."

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints what was found; the exit code is 0 only when all of it could be read."""
        try:
            rebuilt = rebuild(store())
        except (NotARecord, StoreError) as error:
            raise CommandError(f"{error}. `manage.py history_verify` names what is wrong.") from error
        found = {"records": rebuilt.records, "environments": rebuilt.environments, "removed": rebuilt.removed}
        write(Deed.HISTORY_REINDEXED, actor=None, actor_text="somebody at the shell", detail=found)
        self.stdout.write(
            f"{rebuilt.records} records of {rebuilt.environments} environments indexed,"
            f" {rebuilt.removed} rows without a record removed"
        )
