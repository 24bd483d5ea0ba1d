"""`manage.py export_state`: an environment as a state file, or as any other of the files it can be exported as."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.http import Http404

from deployments.exporting.export import FORMATS
from deployments.exporting.reading import export_of
from projects.audit.deeds import Deed
from projects.audit.writing import write as audit
from strandsweb.management.journey import access_in, user_named


class Command(BaseCommand):
    """Writes one file; calls no cloud."""

    help = "Write what is recorded of an environment as a state file, a CloudFormation template or a CDK app."

    def add_arguments(self, parser: CommandParser) -> None:
        """See `--help`."""
        parser.add_argument("--project", required=True, metavar="NAME")
        parser.add_argument("--environment", required=True, metavar="ENV")
        parser.add_argument("--as", dest="actor", required=True, metavar="USER", help="who asks for it")
        parser.add_argument("--format", default="state.json", choices=list(FORMATS), metavar="FILE")
        parser.add_argument("--to", type=Path, metavar="PATH", help="where it is written; without it, standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        """Writes the file."""
        try:
            access = access_in(user_named(options["actor"]), options["project"], options["environment"])
        except (Http404, PermissionDenied) as missing:
            raise CommandError(f"There is no such project, or {options['actor']} is not a member of it.") from missing
        audit(
            Deed.EXPORT_READ,
            actor=access.user,
            environment=access.place,
            target_type="file",
            target=options["format"],
        )
        content = FORMATS[options["format"]].make(export_of(access.place))
        data = content.encode() if isinstance(content, str) else content
        if options["to"] is not None:
            options["to"].write_bytes(data)
        elif isinstance(content, str):
            self.stdout.write(content, ending="")
        else:
            sys.stdout.buffer.write(data)
