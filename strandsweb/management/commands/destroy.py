"""`manage.py destroy`: takes down everything of an environment, as a plan like any other."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from deployments import planning
from deployments.engine.plan import PlanKind
from deployments.models import Deployment, Method
from projects.roles import Action
from strandsweb.management.journey import JourneyCommand, access_in, add_targets, user_named


class Command(JourneyCommand):
    """Plans and runs the destruction of an environment; protected resources stay and are listed."""

    help = "Delete what an environment consists of."

    def add_arguments(self, parser: CommandParser) -> None:
        """See `--help`."""
        parser.add_argument("--project", required=True, metavar="NAME")
        parser.add_argument("--environment", required=True, metavar="ENV")
        add_targets(parser)
        super().add_arguments(parser)

    def journey(self, options: dict[str, Any]) -> Deployment:
        """Proposes the destruction."""
        actor = user_named(options["actor"])
        access = access_in(actor, options["project"], options["environment"], Action.PROPOSE, Action.RUN)
        deployment = planning.propose(
            environment=access.place,
            actor=actor,
            method=Method.CLI,
            kind=PlanKind.DESTROY,
            message=options["message"],
            targets=options["targets"],
            inline=True,
        )
        return self.see_through(deployment, options)
