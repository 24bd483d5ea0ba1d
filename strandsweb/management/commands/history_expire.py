"""`manage.py history_expire`: lets records go as the policies of their environments say."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from deployments.retaining.expiring import expire_all, places, preview


class Command(BaseCommand):
    """What the daily task does, now; or what it would do."""

    help = "Let records go whose time is over: a signed tombstone stays of each, and what is tagged or held stays."

    def add_arguments(self, parser: CommandParser) -> None:
        """See `--help`."""
        parser.add_argument("--project", help="only this project")
        parser.add_argument("--environment", help="only environments of this name")
        parser.add_argument("--dry-run", action="store_true", help="say what would go and why, and let nothing go")
        parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints a line per environment; the exit code is 0 only when nothing went wrong."""
        named = options["project"], options["environment"]
        found = self._would_go(*named) if options["dry_run"] else self._gone(*named)
        if options["json"]:
            self.stdout.write(json.dumps({"dryRun": options["dry_run"], "environments": found}, indent=2))
        else:
            for each in found:
                went = f"{len(each['records'])} records {'would go' if options['dry_run'] else 'went'}"
                self.stdout.write("; ".join([f"{each['place']}: {went}", *each["trouble"]]))
                for record in each["records"]:
                    self.stdout.write(f"  {record['id']}" + (f": {record['why']}" if "why" in record else ""))
        if bad := sum(bool(each["trouble"]) for each in found):
            raise CommandError(f"In {bad} of {len(found)} environments something went wrong.")

    def _would_go(self, project: str | None, environment: str | None) -> list[dict[str, Any]]:
        return [
            {
                "place": str(place),
                "records": [
                    {"id": each.record.deployment_id, "why": each.why}
                    for each in reversed(preview(place, timezone.now()))
                    if each.goes
                ],
                "trouble": [],
            }
            for place in places(project, environment)
        ]

    def _gone(self, project: str | None, environment: str | None) -> list[dict[str, Any]]:
        return [
            {"place": str(place), "records": [{"id": each} for each in done.gone], "trouble": list(done.trouble)}
            for place, done in expire_all(timezone.now(), project, environment)
        ]
