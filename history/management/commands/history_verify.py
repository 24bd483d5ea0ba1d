"""`manage.py history_verify`: reads every record of every environment and names the first bad entry of each."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from history import index
from history.chain import environments, verify_chain
from history.models import Record
from history.store import StoreError, store


class Command(BaseCommand):
    """Checks the chains against themselves, and against the last record the index knows of each."""

    help = "Verify that no record of the history was edited, deleted, inserted, reordered or cut off."

    def add_arguments(self, parser: CommandParser) -> None:
        """See `--help`."""
        parser.add_argument("--project", help="only this project")
        parser.add_argument("--environment", help="only environments of this name")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints a line per environment; the exit code is 0 only when nothing is wrong."""
        bad = checked = 0
        try:
            history = store()
            indexed = Record.objects.order_by().values_list("project_slug", "environment_name").distinct()
            for project, environment in sorted({*environments(history), *indexed}):
                if options["project"] not in (None, project) or options["environment"] not in (None, environment):
                    continue
                problem = verify_chain(history, project, environment, index.head(project, environment))
                checked += 1
                bad += problem is not None
                self.stdout.write(f"{project}/{environment}: {problem or 'nothing is wrong'}")
        except StoreError as error:
            raise CommandError(str(error)) from error
        if bad:
            raise CommandError(f"{bad} of {checked} environments have a damaged history")
        if not checked:
            self.stdout.write("there is no history yet")
