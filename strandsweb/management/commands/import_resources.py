"""`manage.py import_resources`: takes over existing resources by their physical ids, as a plan like any other."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from deployments import imports
from deployments.models import Deployment, Method
from projects.roles import Action
from strandsweb.management.journey import JourneyCommand, access_in, user_named


class Command(JourneyCommand):
    """Plans and runs the latest configuration with some of its resources taken over instead of created."""

    help = "Take over resources that exist already."

    def add_arguments(self, parser: CommandParser) -> None:
        """See `--help`."""
        parser.add_argument("--project", required=True, metavar="NAME")
        parser.add_argument("--environment", required=True, metavar="ENV")
        parser.add_argument(
            "--resource",
            required=True,
            action="append",
            metavar="LOGICAL=PHYSICAL",
            help="for example TicketsTable=old",
        )
        super().add_arguments(parser)

    def journey(self, options: dict[str, Any]) -> Deployment:
        """Proposes the import."""
        actor = user_named(options["actor"])
        access = access_in(actor, options["project"], options["environment"], Action.MANAGE_ENVIRONMENTS)
        deployment = imports.propose(
            environment=access.place,
            actor=actor,
            method=Method.CLI,
            resources=dict(_pair(text) for text in options["resource"]),
            message=options["message"],
            inline=True,
        )
        return self.see_through(deployment, options)


def _pair(text: str) -> tuple[str, str]:
    logical_id, _, physical_id = text.partition("=")
    if not (logical_id and physical_id):
        raise CommandError(f"{text!r} is not LOGICAL=PHYSICAL.")
    return logical_id, physical_id
