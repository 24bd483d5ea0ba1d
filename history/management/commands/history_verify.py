"""`manage.py history_verify`: reads every record of every environment and names the first bad entry of each."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from history.store import StoreError
from history.verification import verify_all


class Command(BaseCommand):
    """Checks the chains against themselves, the keys, and what is remembered of them elsewhere."""

    help = (
        "Verify that no record of the history was edited, deleted, inserted, reordered, cut off or signed by another."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """See `--help`."""
        parser.add_argument("--project", help="only this project")
        parser.add_argument("--environment", help="only environments of this name")
        parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints a line per environment; the exit code is 0 only when nothing is wrong."""
        try:
            found = dict(verify_all(options["project"], options["environment"]))
        except StoreError as error:
            raise CommandError(str(error)) from error
        bad = sum(problem is not None for problem in found.values())
        if options["json"]:
            said = [
                {"project": project, "environment": environment, "problem": problem.as_dict() if problem else None}
                for (project, environment), problem in found.items()
            ]
            self.stdout.write(json.dumps({"ok": not bad, "environments": said}, indent=2))
        else:
            for (project, environment), problem in found.items():
                self.stdout.write(f"{project}/{environment}: {problem or 'nothing is wrong'}")
        if bad:
            raise CommandError(f"{bad} of {len(found)} environments have a damaged history")
        if not found and not options["json"]:
            self.stdout.write("there is no history yet")
