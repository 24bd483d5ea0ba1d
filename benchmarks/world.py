"""What an installation is filled with: projects, people, plans, deliveries and a long audit log, as fast as it goes."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction

from deployments.engine.plan import Plan, PlanKind, Subject
from deployments.models import Approval, Awaited, Deployment, PlanDocument, Status, new_deployment_id
from deployments.telling.models import Delivery, Kind
from deployments.telling.occasions import Occasion
from projects import protecting
from projects.audit.deeds import Deed, Outcome, Via
from projects.audit.models import ELSEWHERE, AuditEntry, AuditHead
from projects.models import Configuration, Environment, Membership, Project, ProtectionRevision, User
from projects.people.models import EnvironmentRole, Group, GroupMember, GroupRole
from projects.roles import Role

VISITOR = "olga"
GREAT = "p00001"
"""The project that has every member, half of the log and half of the deliveries."""
WAITING = "2026-01-01T00-00-00Z-000000"
"""The great project's plan that waits for an approval."""
NEEDLE, NEEDLES = "needle", 20
"""A word for searches, and how many entries hold it, all of the great project."""
BATCH = 5_000
MEMBERS_ELSEWHERE = 10
DIGEST, ACCOUNT, REGION = "0" * 64, "123456789012", "us-east-1"
_ENDED = (Status.SUCCEEDED, Status.SUCCEEDED, Status.SUCCEEDED, Status.FAILED, Status.DISCARDED)
_DEEDS = (Deed.PLAN_PROPOSED, Deed.RUN_STARTED, Deed.RUN_ENDED, Deed.CONFIGURATION_SAVED, Deed.PLAN_APPROVED,
          Deed.EXPORT_READ, Deed.RECORD_READ, Deed.SECRET_SET)  # fmt: skip
RARE = Deed.MEMBER_REMOVED
"""The deed of the entries that hold the needle, and of no other."""
Row = dict[str, Any]
_CONVERTED = (models.DateTimeField, models.JSONField, models.UUIDField)


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is of everything. `deployments` are per project, those that have ended."""

    name: str
    projects: int
    members: int
    entries: int
    deployments: int
    deliveries: int


EMPTY = Size("empty", projects=1, members=0, entries=0, deployments=0, deliveries=0)
ONE_PAGE = Size("one page", projects=60, members=60, entries=120, deployments=1, deliveries=120)
LARGE = Size("large", projects=1_000, members=5_000, entries=1_000_000, deployments=10, deliveries=200_000)


def fill(size: Size) -> None:
    """Everything of that size. The visitor owns every project; the great one has everybody as a member."""
    now, dice = datetime.now(UTC), random.Random(1)
    with transaction.atomic():
        visitor = User.objects.create(username=VISITOR, is_superuser=True)
        others = (User(username=f"u{n:05}", first_name="U.", last_name=str(n)) for n in range(size.members))
        people = [visitor, *_make(others)]
        projects = _make(Project(slug=f"p{n:05}", description="Made up") for n in range(1, size.projects + 1))
        members = _make(_memberships(projects, people, dice))
        environments = _make(_environments(projects))
        _make(
            ProtectionRevision(environment=environment, number=1, text=protecting.USUAL.to_json(), author_text=VISITOR,
                               digest=protecting.USUAL.digest(), in_force_at=now)
            for environment in environments if environment.protected
        )  # fmt: skip
        _fill_roles([each for each in members if each.project == projects[0]], environments[:2])
        _fill_deployments(environments, people, size, now)
        _copy(Delivery, _deliveries(projects, size, now))
        _copy(AuditEntry, _entries(projects, people, size, now, dice))
        _make(AuditHead(chain=chain, number=count, digest=DIGEST) for chain, count in _chain_lengths())
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:  # what a server does by itself in time; SQLite does nothing by itself
            cursor.execute("VACUUM ANALYZE")


def _memberships(projects: Sequence[Project], people: Sequence[User], dice: random.Random) -> Iterator[Membership]:
    visitor, others = people[0], people[1:]
    roles = list(Role)
    for project in projects:
        yield Membership(project=project, user=visitor, role=Role.OWNER)
        some = others if project.slug == GREAT else dice.sample(others, min(len(others), MEMBERS_ELSEWHERE))
        yield from (Membership(project=project, user=user, role=roles[user.pk % 4]) for user in some)


def _environments(projects: Sequence[Project]) -> Iterator[Environment]:
    for project in projects:
        for position, name in enumerate(("dev", "prod")):
            yield Environment(
                project=project, name=name, account=ACCOUNT, region=REGION, protected=name == "prod", position=position
            )


def _fill_roles(members: Sequence[Membership], environments: Sequence[Environment]) -> None:
    """In the great project: every tenth member has a role of their own in an environment, and every fifth a group."""
    own = [each for number, each in enumerate(members) if number % 10 == 9]
    _make(EnvironmentRole(membership=each, environment=environments[each.pk % 2], role=Role.VIEWER) for each in own)
    groups = _make(Group(project=environments[0].project, name=f"group-{n}") for n in range(len(members) // 50))
    _make(GroupRole(group=group, environment=environments[group.pk % 2], role=Role.APPROVER) for group in groups)
    some = [each for number, each in enumerate(members) if number % 5 == 3 and groups]
    _make(GroupMember(membership=each, group=groups[each.pk % len(groups)]) for each in some)


def _fill_deployments(environments: Sequence[Environment], people: Sequence[User], size: Size, now: datetime) -> None:
    """What has ended, and plans that wait: per project one for approvals, in every third one to start.

    Every third plan that waits for approvals was proposed by the visitor, and so were those to start.
    """
    wanted = (Configuration(project=environment.project, number=1, text="", digest=DIGEST, author_text=VISITOR)
              for environment in environments[::2])  # fmt: skip
    configurations = {row.project_id: row for row in _make(wanted)}
    others = people[1:] or people
    rows: list[Deployment] = []
    for number, environment in enumerate(environments):
        third = number // 2 % 3 == 2
        statuses = [_ENDED[n % len(_ENDED)] for n in range(number % 2, size.deployments, 2)]
        statuses += [Status.WAITING] if environment.name == "prod" else [Status.READY] if third else []
        for status in statuses:
            mine = third and status in (Status.WAITING, Status.READY)
            proposer = people[0] if mine else others[len(rows) % len(others)]
            at = now - timedelta(minutes=10 * len(rows))
            rows.append(_deployment(at, environment, configurations[environment.project_id], status, proposer))
    rows[[row.status for row in rows].index(Status.WAITING)].public_id = WAITING
    waiting = [row for row in _make(rows) if row.status in (Status.WAITING, Status.READY)]
    _make(Awaited(deployment=row, person=people[0]) for row in waiting if row.proposed_by != people[0])
    plans = [(row, _plan(row.environment)) for row in waiting]
    _make(
        PlanDocument(deployment=row, text=plan.to_json(), digest=plan.digest(), state_before={"serial": 0})
        for row, plan in plans
    )
    _make(
        Approval(deployment=row, actor=others[0], actor_text="u", approved=True, plan_digest=plan.digest())
        for row, plan in plans if row.status == Status.READY
    )  # fmt: skip


def _deployment(
    at: datetime, environment: Environment, configuration: Configuration, status: Status, proposer: User
) -> Deployment:
    ran = status in (Status.SUCCEEDED, Status.FAILED)
    return Deployment(
        public_id=new_deployment_id(at), environment=environment, kind=PlanKind.DEPLOY, status=status,
        message="Made up", configuration=configuration, proposed_by=proposer, proposed_by_text=proposer.username,
        run_by=proposer if ran else None, created_at=at, planned_at=at, started_at=at if ran else None,
        ended_at=at if ran else None, counts={"create": 3, "update": 1},
    )  # fmt: skip


def _plan(environment: Environment) -> Plan:
    """An empty one."""
    subject = Subject(
        kind=PlanKind.DEPLOY, project=environment.project.slug, environment=environment.name, account=ACCOUNT,
        region=REGION, base_serial=0, base_digest=DIGEST, live_fingerprint=DIGEST, configuration_number=1,
        configuration_digest=DIGEST, source_digest=DIGEST,
    )  # fmt: skip
    return Plan(subject, ())


def _deliveries(projects: Sequence[Project], size: Size, now: datetime) -> Iterator[Row]:
    for number in range(size.deliveries):
        at = now - timedelta(seconds=30 * (size.deliveries - number))
        yield {
            "public_id": UUID(int=number), "project_id": _place(projects, number).pk, "channel_id": None,
            "person_id": None, "kind": Kind.SLACK.value, "to_text": "room", "occasion": Occasion.RUN_SUCCEEDED.value,
            "environment": "prod", "deployment": "", "actor_text": "", "title": "prod was deployed", "text": "",
            "path": "/", "status": Delivery.Status.SENT.value, "attempts": 1, "next_at": at, "outcome": "200 OK",
            "created_at": at, "ended_at": at,
        }  # fmt: skip


def _entries(
    projects: Sequence[Project], people: Sequence[User], size: Size, now: datetime, dice: random.Random
) -> Iterator[Row]:
    """The log: half in the great project, a tenth of no project; what was denied is seldom, and the needle is rare.

    Numbers are those of chains; digests are made up, since nothing here verifies them.
    """
    numbers: dict[int, int] = {}
    rare = max(size.entries // NEEDLES, 2)
    for position in range(size.entries):
        chain = ELSEWHERE if position % 10 == 9 else _place(projects, position).pk
        numbers[chain] = number = numbers.get(chain, 0) + 1
        person = people[dice.randrange(len(people))]
        odd = position % rare == 0
        deed = Deed.SIGNED_IN if chain == ELSEWHERE else RARE if odd else _DEEDS[position % len(_DEEDS)]
        yield {
            "chain": chain, "number": number, "digest": f"{position:064x}",
            "time": now - timedelta(seconds=20 * (size.entries - position)), "deed": deed.value,
            "outcome": (Outcome.DENIED if position % 50 == 4 else Outcome.DONE).value, "actor_id": person.pk,
            "actor_text": person.text, "via": Via.WEB.value, "token": "", "address": f"10.1.{position % 200}.7",
            "request_id": f"{position:032x}", "environment": ("dev", "prod", "")[position % 3],
            "target_type": "deployment", "target": NEEDLE if odd else f"2026-11-20T10-30-00Z-{position:06x}",
            "detail": {"message": "Made up"},
        }  # fmt: skip


def _place(projects: Sequence[Project], number: int) -> Project:
    """Every other thing belongs to the great project."""
    return projects[0 if number % 2 == 0 else number // 2 % len(projects)]


def _chain_lengths() -> Iterable[tuple[int, int]]:
    found = AuditEntry.objects.order_by().values("chain").annotate(longest=models.Max("number"))
    return list(found.values_list("chain", "longest"))


def _make(rows: Iterable[Any]) -> list[Any]:
    """Writes rows of one model, and answers them with their keys."""
    listed = list(rows)
    return type(listed[0]).objects.bulk_create(listed, batch_size=BATCH) if listed else []


def _copy(model: type[models.Model], rows: Iterable[Row]) -> None:
    """Writes very many rows by the quickest way the database has; their keys stay unknown."""
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    names, table = ", ".join(f'"{field.column}"' for field in fields), model._meta.db_table
    plain = [not isinstance(field, _CONVERTED) for field in fields]

    def values(row: Row) -> list[Any]:
        return [
            row[field.attname] if as_it_is else field.get_db_prep_save(row[field.attname], connection)
            for field, as_it_is in zip(fields, plain, strict=True)
        ]

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
                for row in rows:
                    copy.write_row(values(row))
        else:
            marks = ", ".join(["%s"] * len(fields))
            written = map(values, rows)
            while batch := list(islice(written, BATCH)):
                cursor.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', batch)
