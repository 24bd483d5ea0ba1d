"""`manage.py deploy`: what the browser does, from the shell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from deployments import planning
from deployments.models import Deployment, Method
from projects import editing, protecting
from projects.access import Access, access_to
from projects.audit.deeds import Deed
from projects.audit.writing import write as audit
from projects.bundles import BundleError, read_folder, read_zip
from projects.configuration import Configuration, parse
from projects.models import Environment, Membership, Project, SourceBundle, User
from projects.roles import Action, Role
from strandsweb.management.journey import JourneyCommand, add_targets, user_named

# An environment of one of these names asks for approval from its first moment on.
PROTECTED_NAMES = ("prod", "production", "live")


class Command(JourneyCommand):
    """Deploys a configuration and a source folder to an environment, making project and environment if missing."""

    help = "Plan and deploy a project to an environment."

    def add_arguments(self, parser: CommandParser) -> None:
        """See `--help`."""
        parser.add_argument("--project", required=True, metavar="NAME")
        parser.add_argument("--environment", required=True, metavar="ENV")
        parser.add_argument("--config", required=True, type=Path, metavar="FILE", help="the strands.yaml")
        parser.add_argument("--source", required=True, type=Path, metavar="DIR", help="a folder, or a zip file")
        add_targets(parser)
        super().add_arguments(parser)

    def journey(self, options: dict[str, Any]) -> Deployment:
        """Registers configuration and source, then proposes them."""
        actor = user_named(options["actor"])
        text = _text(options["config"])
        parsed = parse(text)
        if parsed.configuration is None:
            raise CommandError(
                "\n".join([f"{options['config']} has problems:", *(f"  {problem}" for problem in parsed.problems)])
            )
        access = _project(options, actor)
        access.require(Action.EDIT_CONFIGURATION)
        access.require(Action.UPLOAD_SOURCE)
        environment = _environment(access, options["environment"], parsed.configuration)
        there = access.within(environment)
        there.require(Action.PROPOSE)
        there.require(Action.RUN)
        source = _source(options["source"], access.project, actor)
        latest = access.project.latest_configuration
        configuration = editing.save_configuration(
            project=access.project,
            text=text,
            author=actor,
            message=options["message"],
            base_number=latest.number if latest else None,
        )
        deployment = planning.propose(
            environment=environment,
            actor=actor,
            method=Method.CLI,
            configuration=configuration,
            source=source,
            message=options["message"],
            targets=options["targets"],
            inline=True,
        )
        return self.see_through(deployment, options)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error


def _project(options: dict[str, Any], actor: User) -> Access:
    slug = options["project"]
    if not Project.objects.filter(slug=slug).exists():
        project = editing.create_project(slug=slug, description="", owner=actor)
        if options["approve_as"] and options["approve_as"] != actor.username:
            # Whoever is to approve must be a member; in a project made by this very command nobody else is yet.
            Membership.objects.create(project=project, user=user_named(options["approve_as"]), role=Role.APPROVER)
    return access_to(actor, slug)


def _environment(access: Access, name: str, configuration: Configuration) -> Environment:
    existing = access.project.environments.filter(name=name).first()
    if existing is not None:
        return existing
    access.require(Action.MANAGE_ENVIRONMENTS)
    wanted = configuration.environments.get(name)
    if wanted is None:
        raise CommandError(
            f"{access.project.slug} has no environment {name}, and the file does not say in which account it would be."
            f" Add it under environments: {name}."
        )
    with transaction.atomic():
        made = Environment.objects.create(
            project=access.project,
            name=name,
            account=wanted.account,
            region=wanted.region or configuration.project.region,
            position=access.project.environments.count(),
        )
        audit(Deed.ENVIRONMENT_CREATED, actor=access.user, environment=made)
        if name in PROTECTED_NAMES:
            protecting.put_in_force(environment=made, protection=protecting.USUAL, author=access.user)
    return made


def _source(path: Path, project: Project, actor: User) -> SourceBundle:
    try:
        bundle = read_folder(path) if path.is_dir() else read_zip(path)
    except (BundleError, OSError) as error:
        raise CommandError(f"{path} cannot be taken as source: {error}") from error
    return editing.add_source(project=project, bundle=bundle, origin=f"folder {path.name}", author=actor)
