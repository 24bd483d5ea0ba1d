"""`manage.py promote`: what is in one environment on to another, as a plan like any other."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from deployments import promotions
from deployments.models import Deployment, Method
from projects.paths import path_of
from projects.roles import Action
from strandsweb.management.journey import JourneyCommand, access_in, user_named


class Command(JourneyCommand):
    """Plans and runs the promotion of an environment's release, to what comes next on the path if not said."""

    help = "Promote the release that is in one environment to another."

    def add_arguments(self, parser: CommandParser) -> None:
        """See `--help`."""
        parser.add_argument("--project", required=True, metavar="NAME")
        parser.add_argument("--from", required=True, dest="source", metavar="ENV", help="where the release is")
        parser.add_argument("--to", default="", metavar="ENV", help="where it goes; what comes next on the path")
        super().add_arguments(parser)

    def journey(self, options: dict[str, Any]) -> Deployment:
        """Proposes the promotion."""
        actor, slug = user_named(options["actor"]), options["project"]
        came = access_in(actor, slug, options["source"], Action.VIEW)
        to = options["to"] or path_of(came.project).after(options["source"])
        if not to:
            raise CommandError(f"Nothing comes after {options['source']} on the path of {slug}. Say --to ENV.")
        there = access_in(actor, slug, to, Action.PROPOSE, Action.RUN)
        deployment = promotions.propose(
            deployment=promotions.brought_to(came.place),
            to=there.place,
            actor=actor,
            method=Method.CLI,
            message=options["message"],
            inline=True,
        )
        return self.see_through(deployment, options)
