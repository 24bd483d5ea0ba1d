"""Something happened: one delivery for everybody who is to hear of it, written in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from allauth.account.models import EmailAddress
from django.conf import settings
from django.utils import timezone

from deployments.dispatch import enqueue
from deployments.models import Deployment, Status
from deployments.telling.models import Channel, Delivery, Kind, wanted_by
from deployments.telling.notices import Notice, notice_of
from deployments.telling.occasions import CONCERNS, Concerned, Occasion
from projects.access import people_of
from projects.models import Environment, Project, User
from projects.roles import Action, can

ENDED = {
    Status.SUCCEEDED: Occasion.RUN_SUCCEEDED,
    Status.FAILED: Occasion.RUN_FAILED,
    Status.CANCELLED: Occasion.RUN_CANCELLED,
}
"""What a run's end is an occasion of."""


def tell(
    occasion: Occasion,
    *,
    environment: Environment,
    deployment: Deployment | None = None,
    actor_text: str = "",
    why: str = "",
    named: Iterable[User] = (),
    path: str = "",
) -> list[Delivery]:
    """Writes the deliveries; call it inside the transaction of what it tells of. They are sent once that commits.

    `named` are the people an occasion is about that concerns nobody else; `path` is its page, if it has one of its own.
    """
    project = environment.project
    notice = notice_of(occasion, environment=environment, deployment=deployment, actor_text=actor_text, why=why)
    notice = replace(notice, path=path or notice.path)
    channels = [each for each in project.channels.all() if occasion in each.occasions]
    people = _to_mail(occasion, environment, deployment, named) if settings.MAIL else []
    return write(notice, project=project, channels=channels, people=people)


def write(
    notice: Notice, *, project: Project, channels: Iterable[Channel] = (), people: Iterable[User] = ()
) -> list[Delivery]:
    """One row per recipient, and a message to the workers for each."""
    to: list[tuple[Kind, Channel | None, User | None, str]] = [
        *((Kind(each.kind), each, None, each.name) for each in channels),
        *((Kind.EMAIL, None, each, each.text) for each in people),
    ]
    now = timezone.now()
    rows = Delivery.objects.bulk_create(
        Delivery(
            project=project,
            kind=kind,
            channel=channel,
            person=person,
            to_text=text[:150],
            occasion=notice.occasion,
            environment=notice.environment,
            deployment=notice.deployment,
            actor_text=notice.actor_text,
            title=notice.title,
            text=notice.text,
            path=notice.path,
            next_at=now,
            created_at=now,
        )
        for kind, channel, person, text in to
    )
    for row in rows:
        enqueue("deliver", row.pk)
    return rows


def _to_mail(
    occasion: Occasion, environment: Environment, deployment: Deployment | None, named: Iterable[User]
) -> list[User]:
    """Those with a role in the environment whom it concerns, who want it mailed, and whose address is verified."""
    concerned = CONCERNS[occasion]
    parties = {deployment.proposed_by_id, deployment.run_by_id} if deployment else set()
    awaited = set(deployment.awaited.values_list("person", flat=True)) if deployment else set()
    asked = {person.pk for person in named}
    keys = set()
    for member in people_of(environment):
        if concerned is Concerned.PARTIES:
            wanted = member.id in parties
        elif concerned is Concerned.AWAITED:
            wanted = member.id in awaited
        elif concerned is Concerned.NAMED:
            wanted = member.id in asked
        else:
            wanted = can(member.role, Action.APPROVE)
        if wanted:
            keys.add(member.id)
    members = User.objects.filter(pk__in=keys).select_related("mail_choice")
    people = [each for each in members if occasion in wanted_by(each)]
    known = EmailAddress.objects.filter(user__in=people, verified=True, primary=True)
    reachable = set(known.values_list("user", flat=True))
    return [person for person in people if person.pk in reachable]
