"""`manage.py rollback`: back to what a past deployment had made, as a plan like any other."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from deployments import rollbacks
from deployments.models import Deployment, Method
from history.models import Record
from projects.roles import Action
from strandsweb.management.journey import JourneyCommand, access_in, add_targets, user_named


class Command(JourneyCommand):
    """Plans and runs a rollback to a recorded deployment of the same environment."""

    help = "Roll an environment back to a recorded deployment."

    def add_arguments(self, parser: CommandParser) -> None:
        """See `--help`."""
        parser.add_argument("--to", required=True, metavar="DEPLOYMENT", help="id of the deployment to go back to")
        add_targets(parser)
        super().add_arguments(parser)

    def journey(self, options: dict[str, Any]) -> Deployment:
        """Proposes the rollback."""
        actor = user_named(options["actor"])
        record = Record.objects.filter(deployment_id=options["to"]).first()
        if record is None:
            raise CommandError(f"There is no record of a deployment {options['to']}.")
        access = access_in(actor, record.project_slug, record.environment_name, Action.PROPOSE, Action.RUN)
        deployment = rollbacks.propose(
            environment=access.place,
            record=record,
            actor=actor,
            method=Method.CLI,
            message=options["message"],
            targets=options["targets"],
            inline=True,
        )
        return self.see_through(deployment, options)
