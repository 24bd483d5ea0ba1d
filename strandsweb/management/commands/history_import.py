"""`manage.py history_import`: a whole project that another installation exported, with the digests it has there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from deployments.moving.opening import ArchiveRefused
from deployments.moving.taking_in import take_in
from history.store import StoreError
from strandsweb.management.journey import user_named


class Command(BaseCommand):
    """Verifies an archive and takes it over; what was interrupted is repeated."""

    help = "Import a project from the archive that another installation exported of it."

    def add_arguments(self, parser: CommandParser) -> None:
        """See `--help`."""
        parser.add_argument("archive", type=Path)
        parser.add_argument("--owner", metavar="USER", help="who shall own the project, where it is new here")
        parser.add_argument("--key", default="", help="the id of their key, as history_key prints it there")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints what was taken over; the exit code is 0 only when all of it was."""
        owner = user_named(options["owner"]) if options["owner"] else None
        try:
            done = take_in(
                options["archive"], owner=owner, actor=None, believed=options["key"], who="somebody at the shell"
            )
        except ArchiveRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        except (StoreError, OSError) as error:
            raise CommandError(f"{error}.") from error
        self.stdout.write(
            f"{done.project.slug}: {done.records} records, {done.new_records} of them new here,"
            f" last signed by {done.signed_by}"
        )
        if not options["key"]:
            self.stdout.write("The keys were believed as they came along; --key makes sure of them.")
