"""`manage.py rollback`: back to what a past deployment had made, as a plan like any other."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from deployments import rollbacks
from deployments.models import Deployment, Method
from history.models import Record
from projects.models import User
from projects.roles import Action
from strandsweb.management.journey import JourneyCommand, access_in, add_targets, user_named


class Command(JourneyCommand):
    """Plans and runs a rollback to a recorded deployment of the same environment."""

    help = "Roll an environment back to a recorded deployment."

    def add_arguments(self, parser: CommandParser) -> None:
        """See `--help`."""
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument("--to", metavar="DEPLOYMENT", help="id of the deployment to go back to")
        where.add_argument(
            "--last-good", metavar="PROJECT/ENV", help="to the newest that succeeded before and is not quarantined"
        )
        add_targets(parser)
        super().add_arguments(parser)

    def journey(self, options: dict[str, Any]) -> Deployment:
        """Proposes the rollback."""
        actor = user_named(options["actor"])
        record = self.record_of(options, actor)
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

    def record_of(self, options: dict[str, Any], actor: User) -> Record:
        """Where to go back to, and with `--last-good` which that is and why."""
        if options["to"]:
            record = Record.objects.filter(deployment_id=options["to"]).first()
            if record is None:
                raise CommandError(f"There is no record of a deployment {options['to']}.")
            return record
        slug, _, name = options["last_good"].partition("/")
        access = access_in(actor, slug, name, Action.PROPOSE, Action.RUN)
        found = rollbacks.last_good(access.place)
        if found.record is None:
            raise CommandError(f"There is no earlier deployment of {name} that was good.")
        if not options["json"]:
            self.stdout.write(f"The last good deployment is {found.record.deployment_id}.")
            for passed, why in found.passed:
                self.stdout.write(f"  not {passed.deployment_id}: {why}")
        return found.record
