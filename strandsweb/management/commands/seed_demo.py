"""`manage.py seed_demo`: the demo's accounts, the sample project and one real deployment to dev; safe to repeat."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from deployments import execution, orders, planning
from deployments.models import Method, Status
from projects import editing, paths, protecting
from projects.audit.deeds import Deed
from projects.audit.writing import write as audit
from projects.bundles import read_folder
from projects.models import Environment, Membership, Project, User
from strandsweb.demo import ROLES, make_accounts

SAMPLE = settings.BASE_DIR / "samples" / "support-desk"
ENVIRONMENTS = (("dev", "123456789012", False), ("staging", "123456789012", False), ("prod", "987654321098", True))


class Command(BaseCommand):
    """Makes what the first visitor finds. What is there already is left alone."""

    help = "Make the demo accounts, the sample project and its first deployment."

    def handle(self, *args: Any, **options: Any) -> None:
        """Seeds once."""
        if not settings.EMBEDDED:
            raise CommandError("The demo is for the embedded settings only.")
        accounts = {account.username: account for account in make_accounts()}
        project, made = Project.objects.get_or_create(
            slug="support-desk", defaults={"description": "Three agents that answer, sort and report support requests."}
        )
        if made:
            _fill(project, accounts)
        dev = project.environments.filter(name="dev").first()
        if dev is None or dev.deployments.exists():
            return
        self._deploy(dev, accounts["deployer"])

    def _deploy(self, dev: Environment, deployer: User) -> None:
        deployment = planning.propose(
            environment=dev, actor=deployer, method=Method.CLI, message="First deployment of the sample", inline=True
        )
        deployment = planning.make_plan(deployment_id=deployment.pk)
        if deployment.status == Status.READY:
            orders.start(deployment_id=deployment.pk, actor=deployer, inline=True)
            deployment = execution.run(deployment_id=deployment.pk)
        if deployment.status != Status.SUCCEEDED:
            raise CommandError(f"The sample could not be deployed: {deployment.error or deployment.problems}")
        self.stdout.write(f"deployed the sample to dev: {deployment.public_id}")


def _fill(project: Project, accounts: dict[str, User]) -> None:
    audit(Deed.PROJECT_CREATED, actor=None, project=project, target_type="project", target=project.slug)
    for name, role in ROLES.items():
        with transaction.atomic():
            Membership.objects.create(project=project, user=accounts[name], role=role)
            detail = {"after": role.value}
            audit(Deed.MEMBER_ADDED, actor=None, project=project, target_type="member", target=name, detail=detail)
    for position, (name, account, protected) in enumerate(ENVIRONMENTS):
        environment = Environment.objects.create(
            project=project, name=name, account=account, region="us-east-1", position=position
        )
        audit(Deed.ENVIRONMENT_CREATED, actor=None, environment=environment, detail={"after": {"account": account}})
        if protected:
            protecting.put_in_force(environment=environment, protection=protecting.USUAL, author=accounts["owner"])
    names = [name for name, _, _ in ENVIRONMENTS]
    paths.change(project=project, names=names, base=0, actor=accounts["owner"])
    editing.save_configuration(
        project=project,
        text=(SAMPLE / "strands.yaml").read_text(),
        author=accounts["owner"],
        message="The sample",
        base_number=None,
    )
    editing.add_source(
        project=project, bundle=read_folder(SAMPLE), origin="samples/support-desk", author=accounts["owner"]
    )
