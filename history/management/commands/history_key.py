"""`manage.py history_key`: which keys sign the history, and how another one takes over."""

from __future__ import annotations

import base64
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from history.keys import listed, replace_key
from history.signing import signer, signer_of
from history.store import StoreError, store
from projects.audit.deeds import Deed
from projects.audit.writing import write


class Command(BaseCommand):
    """Lists the keys, or introduces a new one by the key that signs now."""

    help = "Show the keys that sign the history, or introduce the one that shall sign it from now on."

    def add_arguments(self, parser: CommandParser) -> None:
        """See `--help`."""
        parser.add_argument(
            "--introduce", metavar="KEY", help="the new key: a file with its PEM, or the ARN of a KMS key"
        )
        parser.add_argument(
            "--without-the-old", action="store_true", help="the old key is lost: enter the new one without its word"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints a line per key; what is introduced takes over when the settings name it."""
        try:
            if options["introduce"]:
                self._introduce(options["introduce"], alone=options["without_the_old"])
            for entry in listed(store()):
                said = "" if entry["introduction"] or entry["number"] == 1 else ", not introduced by the one before"
                public = base64.b64decode(entry["public"]).hex()
                self.stdout.write(f"{entry['number']}: {entry['key']} (Ed25519 {public}{said})")
            if not options["introduce"]:
                self.stdout.write(f"this process signs with {signer().id}")
        except StoreError as error:
            raise CommandError(f"{error}.") from error

    def _introduce(self, named: str, *, alone: bool) -> None:
        new = signer_of(named)
        replace_key(store(), None if alone else signer(), new)
        write(
            Deed.HISTORY_KEY_INTRODUCED,
            actor=None,
            actor_text="somebody at the shell",
            target_type="key",
            target=new.id,
            detail={"withoutTheOld": alone},
        )
        self.stdout.write(
            f"The key {new.id} is introduced. Now let HISTORY_SIGNING_KEY or HISTORY_KMS_KEY name it, and restart"
            " everything; a process with the old key goes on until somebody signs with the new one."
        )
