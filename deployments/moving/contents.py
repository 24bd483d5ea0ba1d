"""What a project is beside its records, as files of an archive: what people wrote, uploaded and set, and what exists.

Nothing that lets anybody in: no accounts, no tokens, no external ids, no values of secrets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from django.core.files.storage import storages

from deployments import states
from deployments.engine.state import State, StateResource
from deployments.holding.models import Hold
from deployments.models import EnvironmentState, StateEntry
from history.canonical import dumps
from projects.models import Configuration, Environment, Project, ProtectionRevision, SourceBundle
from projects.paths import path_of
from projects.people.models import EnvironmentRole

FORMAT = "1"
FOLDER = "_project/"
PROJECT, CONFIGURATIONS, PROTECTIONS, SOURCES, HOLDS = (
    f"{FOLDER}{name}"
    for name in ("project.json", "configurations.jsonl", "protections.jsonl", "sources.jsonl", "holds.jsonl")
)


def bundle(digest: str) -> str:
    """Where a source bundle is in the archive."""
    return f"{FOLDER}sources/{digest}.zip"


def state(environment: str) -> str:
    """Where an environment's recorded state is."""
    return f"{FOLDER}states/{environment}.json"


def files_of(project: Project) -> Iterator[tuple[str, bytes]]:
    """Name and content of each, one at a time."""
    environments = list(project.environments.all())
    # What the store of sources has lost cannot be taken along.
    every = project.sources.order_by("created_at", "pk")
    sources = [row for row in every if storages["sources"].exists(f"{row.digest}.zip")]
    configurations = project.configurations.order_by("number").iterator(chunk_size=100)
    protections = ProtectionRevision.objects.filter(environment__project=project).select_related("environment")
    yield PROJECT, dumps(_head(project, environments))
    yield CONFIGURATIONS, _lines(map(_configuration, configurations))
    yield PROTECTIONS, _lines(map(_protection, protections.order_by("environment", "number")))
    yield SOURCES, _lines(map(_source, sources))
    holds = project.holds.select_related("environment").order_by("placed_at", "pk")
    yield HOLDS, _lines(map(_hold, holds))
    for name, recorded in _states(environments):
        yield state(name), dumps(recorded.as_dict())
    for row in sources:
        with storages["sources"].open(f"{row.digest}.zip") as file:
            yield bundle(row.digest), file.read()


def _configuration(row: Configuration) -> dict[str, Any]:
    return _written(row) | {"number": row.number, "text": row.text, "message": row.message}


def _protection(row: ProtectionRevision) -> dict[str, Any]:
    return _written(row) | {
        "environment": row.environment.name,
        "number": row.number,
        "text": row.text,
        "message": row.message,
        "inForceAt": _at(row.in_force_at),
        "closedAt": _at(row.closed_at),
        "settledBy": row.settled_by_text,
    }


def _source(row: SourceBundle) -> dict[str, Any]:
    return _written(row) | {"origin": row.origin, "branches": row.branches}


def _hold(row: Hold) -> dict[str, Any]:
    return {
        "environment": row.environment.name if row.environment else None,
        "configurationNumber": row.configuration_number,
        "configurationDigest": row.configuration_digest,
        "sourceDigest": row.source_digest,
        "reason": row.reason,
        "placedBy": row.placed_by_text,
        "placedAt": _at(row.placed_at),
        "liftedBy": row.lifted_by_text,
        "liftedAt": _at(row.lifted_at),
        "liftReason": row.lift_reason,
    }


def _written(row: Configuration | ProtectionRevision | SourceBundle) -> dict[str, Any]:
    return {"digest": row.digest, "author": row.author_text, "createdAt": _at(row.created_at)}


def _states(environments: list[Environment]) -> Iterator[tuple[str, State]]:
    """The recorded state of each environment that has one."""
    heads = {row.environment_id: row for row in EnvironmentState.objects.filter(environment__in=environments)}
    entries: dict[int, list[StateResource]] = {}
    for row in StateEntry.objects.filter(environment__in=environments).iterator(chunk_size=500):
        entries.setdefault(row.environment_id, []).append(StateResource.from_dict(row.stack, row.logical_id, row.body))
    for environment in environments:
        if environment.pk in heads:
            yield environment.name, states.of(environment, heads[environment.pk], entries.get(environment.pk, ()))


def _head(project: Project, environments: list[Environment]) -> dict[str, Any]:
    given = EnvironmentRole.objects.filter(environment__in=environments).select_related("environment", "membership")
    places: dict[int, dict[str, str]] = {}
    for row in given:
        places.setdefault(row.membership_id, {})[row.environment.name] = row.role
    return {
        "format": FORMAT,
        "slug": project.slug,
        "description": project.description,
        "createdAt": _at(project.created_at),
        "path": list(path_of(project).names),
        "environments": [
            {
                "name": row.name,
                "account": row.account,
                "region": row.region,
                "credentials": row.credentials,
                "roleArn": row.role_arn,
                "readRoleArn": row.read_role_arn,
                "mfaSerial": row.mfa_serial,
                "protected": row.protected,
                "automaticRollback": row.automatic_rollback,
                "position": row.position,
            }
            for row in environments
        ],
        "members": [  # to be read by people: who is a member where it is taken over, its owners say there
            {"name": row.user.text, "role": row.role, "inEnvironments": places.get(row.pk, {})}
            for row in project.memberships.select_related("user").order_by("user__username")
        ],
    }


def _at(moment: datetime | None) -> str | None:
    """To the microsecond, as the database has it."""
    return moment.astimezone(UTC).isoformat() if moment else None


def _lines(rows: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(dumps(row) + b"\n" for row in rows)
