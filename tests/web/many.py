"""As many of everything as pages list, written straight into the tables: what a page asks for must not grow with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.contrib.auth import get_user_model
from django.db import models
from django.utils import timezone

from deployments.discussing.models import Comment, Mention, Thread
from deployments.models import Approval, Deployment, PlanDocument, RunEvent, StateEntry, Status, Step
from deployments.telling.models import Channel, Delivery
from history.models import Record
from projects.audit.deeds import Deed
from projects.audit.writing import write
from projects.models import Configuration, Environment, Membership, Project, SourceBundle, User
from projects.people.models import ApiToken, EnvironmentRole, Group, GroupMember, GroupRole, Invitation, ServiceAccount
from projects.roles import Role


def more_of_everything(numbers: range, project: Project, owner: User) -> None:
    """A row for each number of everything that the project, its deployments and its owner have at least one of."""
    people = [get_user_model().objects.create(username=f"many-{n}", last_name=f"Of {n}") for n in numbers]
    members = [
        Membership.objects.create(project=project, user=user, role=_role(n))
        for n, user in zip(numbers, people, strict=True)
    ]
    groups = [Group.objects.create(project=project, name=f"many-{n}", provider="x", claim=f"m{n}") for n in numbers]
    environments = [
        Environment.objects.create(project=project, name=f"many-{n}", account="123456789012", region="us-east-1")
        for n in numbers
    ]
    for n, group, member, environment in zip(numbers, groups, members, environments, strict=True):
        GroupMember.objects.create(group=group, membership=member)
        GroupRole.objects.create(group=group, role="viewer", environment=environment if n % 2 else None)
        EnvironmentRole.objects.create(membership=member, environment=environment, role=_role(n))
        other = Project.objects.create(slug=f"many-{n}")
        Membership.objects.create(project=other, user=owner, role=_role(n))
        Environment.objects.create(project=other, name="dev", account="123456789012", region="us-east-1")
        service = User.objects.create(username=f"service:many-{n}")
        ServiceAccount.objects.create(user=service, project=project, name=f"many-{n}", made_by_text="x")
        Membership.objects.create(project=project, user=service, role="deployer")
        write(Deed.SIGNED_IN, actor=owner)
        write(Deed.SECRET_SET, actor=member.user, environment=environment, target=f"secret-{n}", detail={"n": n})
        _tokens(n, service, owner, project)
    for model in (Configuration, SourceBundle, Invitation, Channel, Delivery):
        _again(numbers, model.objects.filter(project=project))
    _again(numbers, Record.objects.filter(project=project))
    _again(numbers, StateEntry.objects.filter(environment__project=project))
    for deployment in Deployment.objects.filter(environment__project=project, public_id__startswith="20"):
        for n, user in zip(numbers, people, strict=True):
            Approval.objects.create(deployment=deployment, actor=user, actor_text="x", approved=True, plan_digest="0")
            _step(deployment, n)
            _discuss(deployment, n, user, owner)
        RunEvent.objects.bulk_create(
            RunEvent(deployment=deployment, number=1000 + n, code="run.started", time="2026-11-20T10:30:01.000Z")
            for n in numbers
        )
        plan = PlanDocument.objects.get(deployment=deployment)
        for copied in _again(numbers, Deployment.objects.filter(pk=deployment.pk)):
            if copied.status == Status.WAITING:
                Deployment.objects.filter(pk=copied.pk).update(proposed_by=owner)
            PlanDocument.objects.create(
                deployment=copied, text=plan.text, digest=plan.digest, state_before=plan.state_before
            )
            Approval.objects.create(
                deployment=copied, actor=people[0], actor_text="x", approved=True, plan_digest=plan.digest
            )


def _role(number: int) -> str:
    return list(Role)[number % len(Role)].value


def _tokens(number: int, service: User, owner: User, project: Project) -> None:
    for user in (service, owner):
        ApiToken.objects.create(
            user=user, name=f"many-{number}", token_hash=f"{user.pk}-{number}", project=project, actions=[],
            made_by=owner, made_by_text="x", expires_at=timezone.now() + timedelta(days=1),
        )  # fmt: skip


def _step(deployment: Deployment, number: int) -> None:
    if deployment.started_at:
        Step.objects.create(
            deployment=deployment, position=100 + number, step_id=f"many-{number}", logical_id=f"Many{number}",
            stack="shared-infrastructure", type="AWS::SNS::Topic", operation="create", status="failed",
            error={"code": "x", "message": "It failed."},
        )  # fmt: skip


def _discuss(deployment: Deployment, number: int, author: User, mentioned: User) -> None:
    """A discussion of its own, and a word in every other one."""
    Thread.objects.create(deployment=deployment, started=1000 + number, changed=1000 + number, started_by=author)
    for thread in deployment.threads.all():
        comment = Comment.objects.create(
            thread=thread, author=author, author_text="x", text="Why?", key=uuid4(), created_at=timezone.now()
        )
        Mention.objects.create(comment=comment, person=mentioned)


def _again(numbers: range, rows: models.QuerySet[Any]) -> list[Any]:
    """Copies of the first of the rows, with another value in every column that is unique."""
    copies = []
    first = rows.order_by("pk")[0]
    for number in numbers:
        copy = type(first).objects.get(pk=first.pk)
        copy.pk, copy._state.adding = None, True
        for field in _told_apart(type(first)):
            value = getattr(first, field.attname)
            if value is None:
                continue
            if isinstance(field, models.IntegerField):
                setattr(copy, field.attname, 1000 + number)
            elif isinstance(field, models.UUIDField):
                setattr(copy, field.attname, field.get_default())
            else:
                setattr(copy, field.attname, f"m{number:02}{value[3:]}")
        copy.save(force_insert=True)
        copies.append(copy)
    return copies


def _told_apart(model: type[models.Model]) -> list[Any]:
    """The columns that make a row unique: its own, or the last one of a constraint, which comes after the parents'."""
    alone = [field for field in model._meta.concrete_fields if field.unique and not field.primary_key]
    together = [each.fields[-1] for each in model._meta.constraints if isinstance(each, models.UniqueConstraint)]
    return [*alone, *(model._meta.get_field(name) for name in together)]
