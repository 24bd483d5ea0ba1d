"""`manage.py audit_verify`: reads the audit log of every project, and compares it with what every record remembers."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from history.anchors import compare
from projects.audit import chains
from projects.audit.models import ELSEWHERE, chain_of
from projects.models import Project


class Command(BaseCommand):
    """Checks the chains in themselves, and against the heads that the records in the store carry."""

    help = "Verify that no entry of the audit log was edited, deleted, inserted, cut off or written anew."

    def add_arguments(self, parser: CommandParser) -> None:
        """See `--help`."""
        parser.add_argument("--project", help="only this project")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints a line per log; the exit code is 0 only when nothing is wrong and all could be compared."""
        wanted = Project.objects.order_by("slug")
        if options["project"] is not None:
            wanted = wanted.filter(slug=options["project"])
            if not wanted:
                raise CommandError(f"There is no project {options['project']}.")
        bad = 0
        for project in wanted:
            verdict, compared = chains.verify(chain_of(project)), compare(project)
            said = verdict.wrong or compared.wrong or (compared.unknown and f"not compared: {compared.unknown}")
            bad += bool(said)
            self.stdout.write(
                f"{project.slug}: {said or 'nothing is wrong'} ({verdict.checked} entries, {compared.records} records)"
            )
        if options["project"] is None:
            verdict = chains.verify(ELSEWHERE)
            bad += bool(verdict.wrong)
            self.stdout.write(f"no project: {verdict.wrong or 'nothing is wrong'} ({verdict.checked} entries)")
        if bad:
            raise CommandError(f"{bad} of the logs did not verify.")
