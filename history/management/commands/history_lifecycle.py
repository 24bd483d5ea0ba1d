"""`manage.py history_lifecycle`: the lifecycle rules of the history bucket, looked at or applied."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from history import lifecycle
from history.store import StoreError, store
from projects.audit.deeds import Deed
from projects.audit.writing import write


class Command(BaseCommand):
    """What HISTORY_LIFECYCLE asks for, against what the bucket has."""

    help = "Show how the history bucket's lifecycle rules differ from the settings, or apply them."

    def add_arguments(self, parser: CommandParser) -> None:
        """See `--help`."""
        parser.add_argument("--apply", action="store_true", help="make the bucket's rules what the settings ask for")
        parser.add_argument("--tag", action="store_true", help="let documents that were written before move too")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints each difference; the exit code is 0 only when none is left."""
        try:
            rules = lifecycle.look(store())
            if rules is None:
                self.stdout.write("the history is not in S3; there is nothing to manage")
                return
            for each in rules.differences:
                self.stdout.write(each)
            if options["apply"] and rules.differences:
                with transaction.atomic():
                    said = {"differences": list(rules.differences)}
                    write(Deed.STORAGE_RULED, actor=None, actor_text="somebody at the shell", detail=said)
                    lifecycle.apply(store())
                self.stdout.write("applied")
            elif rules.differences:
                raise CommandError("The bucket is not as the settings ask; --apply changes that.")
            else:
                self.stdout.write("the bucket has the rules that the settings ask for")
            if options["tag"]:
                self.stdout.write(f"{lifecycle.tag_documents(store())} documents are tagged")
        except (StoreError, ImproperlyConfigured) as error:
            raise CommandError(f"{error}.") from error
