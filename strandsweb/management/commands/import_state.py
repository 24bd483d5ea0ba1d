"""`manage.py import_state`: takes over everything a state file names, as a plan like any other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from deployments import imports
from deployments.models import Deployment, Method
from projects.roles import Action
from strandsweb.management.journey import JourneyCommand, access_in, user_named


class Command(JourneyCommand):
    """Plans and runs the import of a state file into an environment that holds nothing yet."""

    help = "Take over what another installation deployed, from its state file."

    def add_arguments(self, parser: CommandParser) -> None:
        """See `--help`."""
        parser.add_argument("--project", required=True, metavar="NAME")
        parser.add_argument("--environment", required=True, metavar="ENV")
        parser.add_argument("--file", required=True, type=Path, metavar="STATE", help="as `export_state` writes it")
        super().add_arguments(parser)

    def journey(self, options: dict[str, Any]) -> Deployment:
        """Proposes the import."""
        actor = user_named(options["actor"])
        access = access_in(actor, options["project"], options["environment"], Action.MANAGE_ENVIRONMENTS)
        try:
            document = json.loads(options["file"].read_text())
        except (OSError, ValueError, RecursionError) as error:
            raise CommandError(f"{options['file']} cannot be read as JSON: {error}") from error
        deployment = imports.propose_state(
            environment=access.place,
            actor=actor,
            method=Method.CLI,
            document=document,
            message=options["message"],
            inline=True,
        )
        return self.see_through(deployment, options)
