"""A long history for benches: a store that makes up its objects as they are asked for, and the index made from it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

from benchmarks.engine import as_deployed, estate, nothing, plan_of
from deployments.engine.clock import iso
from history import index, layout
from history.canonical import dumps
from history.metadata import Counts, Metadata
from history.recording import record
from history.records import Documents, Manifest
from history.store import NotThere, StoreUnavailable
from history.touched import Touched
from projects.models import Configuration, Environment, Membership, Project, User
from projects.roles import Role

PROJECT, ENVIRONMENT, OWNER = "kept", "dev", "olga"
RESOURCES = 18
"""Of each of the whole records."""
ENVIRONMENTS = 200
TABLE = "TicketsTable"
"""What is touched by a record in ten."""
NEEDLE, NEEDLES = "needle", 20
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_LAST = datetime(2026, 11, 20, tzinfo=UTC)
_STATUSES = ("succeeded",) * 8 + ("failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Past:
    """A store of so many records, spread over the environments by turns; it holds what the index is made from."""

    records: int

    def put_new(self, key: str, data: bytes, *, document: bool = False) -> None:
        """Nothing is written here."""
        raise StoreUnavailable("a made-up history cannot be added to")

    def put(self, key: str, data: bytes) -> None:
        """Nor here."""
        self.put_new(key, data)

    def delete(self, key: str) -> None:
        """Nor taken away."""
        self.put_new(key, b"")

    def get(self, key: str) -> bytes:
        """The link or the metadata of a record."""
        number = self._number(key)
        if key.endswith(layout.METADATA):
            return dumps(self._metadata(number).as_dict())
        if "/chain/" in key:
            return self._manifest(number).to_bytes()
        raise NotThere(key)

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """Links by environment; of a whole project, one of each environment's."""
        environment = prefix.removeprefix(f"{PROJECT}/").partition("/")[0]
        if prefix in ("", f"{PROJECT}/"):
            firsts = (layout.link(PROJECT, _name(place), 1) for place in range(min(ENVIRONMENTS, self.records)))
            yield from (key for key in firsts if key > after)
        elif prefix == layout.chain(PROJECT, environment):
            for sequence in range(1, self._chain(int(environment[1:])) + 1):
                if (key := layout.link(PROJECT, environment, sequence)) > after:
                    yield key

    def check(self) -> None:
        """It is always there."""

    def _chain(self, place: int) -> int:
        return (self.records - place + ENVIRONMENTS - 1) // ENVIRONMENTS

    def _number(self, key: str) -> int:
        environment, _, rest = key.removeprefix(f"{PROJECT}/").partition("/")
        if rest.startswith("chain/"):
            return (int(rest[6:16]) - 1) * ENVIRONMENTS + int(environment[1:])
        return int(rest.split("/")[1].rpartition("-")[2], 16)

    def _manifest(self, number: int) -> Manifest:
        sequence, place = divmod(number, ENVIRONMENTS)
        return Manifest(
            deployment_id=self._metadata(number).deployment_id,
            project=PROJECT,
            environment=_name(place),
            sequence=sequence + 1,
            previous=f"{number - ENVIRONMENTS:064x}" if sequence else None,
            created_at=iso(_LAST),
        )

    def _metadata(self, number: int) -> Metadata:
        began = _LAST - timedelta(minutes=5 * (self.records - number))
        names = [f"Agent{number % 97}Function", f"Agent{number % 89}Role", *([TABLE] if number % 10 == 0 else [])]
        rare = number % max(self.records // NEEDLES, 2) == 0
        return Metadata(
            deployment_id=f"{began:%Y-%m-%dT%H-%M-%SZ}-{number:06x}",
            project=PROJECT,
            environment=_name(number % ENVIRONMENTS),
            kind="rollback" if number % 50 == 7 else "deploy",
            status=_STATUSES[number % len(_STATUSES)],
            started_at=iso(began),
            ended_at=iso(began + timedelta(seconds=30)),
            duration_seconds=30.0,
            deployed_by=f"Person {number % 41}",
            method="web",
            version=str(number // 400 + 1),
            configuration_number=number // 400 + 1,
            source_digest=f"{number // 400:064x}",
            counts=Counts(updated=len(names)),
            resource_count=40,
            monthly_usd=12.5,
            what_changed=f"update {', '.join(names)}{f' for the {NEEDLE}' if rare else ''}",
            approved_by=(f"Person {number % 13}",),
            touched=tuple(
                Touched("agents", name, "AWS::Lambda::Function", "update", "succeeded", name.lower(), what="MemorySize")
                for name in names
            ),
        )


def fill(records: int) -> float:
    """A project of `ENVIRONMENTS` environments with so many records; seconds it took to make the index from the store.

    Two records of `ENVIRONMENT` are written on top with all their files, so that pages can open and compare them.
    """
    owner = User.objects.create(username=OWNER)
    project = Project.objects.create(slug=PROJECT, description="Made up")
    Membership.objects.create(project=project, user=owner, role=Role.OWNER)
    Configuration.objects.create(project=project, number=1, text="", digest="0" * 64, author_text=OWNER)
    Environment.objects.bulk_create(
        Environment(project=project, name=_name(place), account="123456789012", region="us-east-1", position=place)
        for place in range(ENVIRONMENTS)
    )
    Environment.objects.create(project=project, name=ENVIRONMENT, account="123456789012", region="us-east-1")
    began = perf_counter()
    index.rebuild(Past(records))
    took = perf_counter() - began
    for each in documents(2, first=_LAST):
        record(each)
    return took


def documents(records: int, first: datetime = _FIRST) -> Iterator[Documents]:
    """Those of so many deployments of one environment, an hour apart, each of `RESOURCES` resources with a log each."""
    plan = plan_of(estate(RESOURCES), nothing(), {})
    state, _ = as_deployed(plan)
    names = [change.logical_id for change in plan.changes]
    for number in range(1, records + 1):
        at = first + timedelta(hours=number)
        yield Documents(
            metadata=Metadata(
                deployment_id=f"{at:%Y-%m-%dT%H-%M-%SZ}-{number:06x}",
                project=PROJECT,
                environment=ENVIRONMENT,
                kind="deploy",
                status="succeeded",
                started_at=iso(at),
                ended_at=iso(at + timedelta(seconds=40)),
                duration_seconds=40.0,
                deployed_by=f"Person {number % 7}",
                method="web",
                version=str(number),
                configuration_number=number,
                counts=Counts(created=len(names)),
                resource_count=len(names),
                what_changed=f"update {names[number % len(names)]}",
            ),
            config_yaml=f"project: {{name: {PROJECT}, region: us-east-1}}\nversion: {number}\n",
            plan=plan.to_json(),
            approvals=[],
            state_before=state.as_dict(),
            state_after=state.as_dict() | {"serial": number},
            events=list(_events(names, at)),
        )


def _events(names: list[str], at: datetime) -> Iterator[dict[str, Any]]:
    numbers = itertools.count(1)

    def event(code: str, name: str, **data: Any) -> dict[str, Any]:
        step = f"create:{name}" if name else ""
        return {"number": next(numbers), "time": iso(at), "code": code, "step": step, "logicalId": name, "data": data}

    yield event("run.started", "", steps=len(names), worker="bench")
    for name in names:
        yield event("step.started", name, operation="create", type="AWS::SQS::Queue")
        for operation in ("GetQueueUrl", "CreateQueue", "GetQueueAttributes", "TagQueue"):
            yield event("call.ended", name, service="sqs", operation=operation, seconds=0.1, status=200, attempts=1)
        yield event("log", name, level="info", message=json.dumps({"made": name}))
        yield event("step.succeeded", name, physicalId=name, seconds=0.4, adopted=False)
    yield event("run.ended", "", status="succeeded", seconds=40.0, counts={"succeeded": len(names)})


def _name(place: int) -> str:
    return f"e{place:03}"
