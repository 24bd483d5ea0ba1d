"""A release: one revision of the configuration with one source bundle; its name, its order, and which one is where.

A release is in an environment when a whole deployment of it succeeded there, or when its plan found nothing to do: then
what is there is what it asks for. A deployment of parts, one that failed, and an import bring no release.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Subquery

from deployments.engine.plan import PlanKind
from deployments.models import RAN, Deployment, DeploymentQuerySet, Status
from projects.models import Configuration, Environment, SourceBundle

BRINGING = (PlanKind.DEPLOY, PlanKind.ROLLBACK)
THERE = (Status.SUCCEEDED, Status.UNCHANGED)
SHORT = 6


@dataclass(frozen=True, slots=True)
class Release:
    """Revision `number` with the sources of that digest, which is empty for a project without agents' code.

    The same two are in a record (`configuration_number`, `source_digest`).
    """

    number: int
    source_digest: str = ""

    @property
    def name(self) -> str:
        """`revision 12 · source 3fa9c1`."""
        return f"revision {self.number}" + (f" · source {self.source_digest[:SHORT]}" if self.source_digest else "")

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Move:
    """From one release to another: so many revisions on, and whether the sources are newer (1), older (-1) or the same.

    Sources are as old as their first upload. Both can go different ways: an old revision with new sources.
    """

    revisions: int
    sources: int

    @property
    def goes_back(self) -> bool:
        """Something of it is older than what there was."""
        return self.revisions < 0 or self.sources < 0

    @property
    def is_none(self) -> bool:
        """Both are the same release."""
        return not self.revisions and not self.sources

    def words(self, where: str) -> str:
        """How far the first is from the second, which is in `where`: `3 revisions behind staging`; empty when equal."""
        sources = "" if not self.sources else "older sources" if self.sources > 0 else "newer sources"
        if not self.revisions:
            return f"{sources} than {where}" if sources else ""
        count = abs(self.revisions)
        side = "behind" if self.revisions > 0 else "ahead of"
        revisions = f"{count} revision{'' if count == 1 else 's'} {side} {where}"
        return f"{revisions}, with {sources}" if sources else revisions


@dataclass(frozen=True, slots=True)
class Current:
    """What is in an environment: the deployment that brought the release, None where there is none.

    `since_then` is a newer run that brought no release but may have changed something: it failed, was cancelled, or
    was limited to parts.
    """

    brought_by: Deployment | None = None
    since_then: Deployment | None = None

    @property
    def release(self) -> Release | None:
        """The release, if there is one."""
        return release_of(self.brought_by) if self.brought_by else None


NOTHING = Current()


def release_of(deployment: Deployment) -> Release:
    """What the deployment brings."""
    return Release(deployment.configuration.number, deployment.source.digest if deployment.source else "")


def move(before: Deployment, after: Deployment) -> Move:
    """From the release of one deployment to that of another, of the same project."""
    one, other = before.source_id or 0, after.source_id or 0  # numbered as they were first uploaded
    return Move(after.configuration.number - before.configuration.number, (other > one) - (other < one))


def brought_at(deployment: Deployment) -> datetime | None:
    """Since when the release is there, thanks to this deployment."""
    return deployment.ended_at or deployment.planned_at


def bringing(deployments: DeploymentQuerySet) -> DeploymentQuerySet:
    """Those after which their release was in their environment."""
    return deployments.filter(kind__in=BRINGING, status__in=THERE, targets=[])


def deployed_in(project_id: int, configuration: Configuration, source: SourceBundle | None) -> frozenset[str]:
    """Names of the project's environments in which this very text and these sources have been."""
    same = bringing(Deployment.objects.all()).filter(
        environment__project=project_id, configuration__digest=configuration.digest, source=source
    )
    return frozenset(same.order_by().values_list("environment__name", flat=True).distinct())


def current(environment: Environment) -> Current:
    """What is in the environment now."""
    return currents([environment])[environment.pk]


def currents(environments: Iterable[Environment]) -> dict[int, Current]:
    """What is in each of the environments now, by their keys; two statements however many they are."""
    here = Deployment.objects.filter(environment=OuterRef("pk")).order_by("-pk").values("pk")
    whole = here.filter(kind__in=(*BRINGING, PlanKind.DESTROY), targets=[])
    found = Environment.objects.filter(pk__in=[each.pk for each in environments]).values_list(
        "pk",
        Subquery(whole.filter(status=Status.SUCCEEDED)[:1]),
        Subquery(whole.filter(status=Status.UNCHANGED, kind__in=BRINGING)[:1]),
        Subquery(here.filter(status__in=RAN)[:1]),
    )
    rows = list(found.order_by())
    deployments = shown(Deployment.objects.all()).in_bulk([key for row in rows for key in row[1:] if key])
    return {place: _current(*(deployments.get(key) for key in keys)) for place, *keys in rows}


def shown(deployments: DeploymentQuerySet) -> DeploymentQuerySet:
    """With what a page says of a release, and without the long texts."""
    return deployments.select_related("environment", "configuration", "source").defer(
        "configuration__text", "source__files"
    )


def _current(ran: Deployment | None, unchanged: Deployment | None, last: Deployment | None) -> Current:
    """Whichever came later counts: the last success, or the last plan that found nothing to do."""
    known = [(at, each) for each in (ran, unchanged) if each and (at := brought_at(each))]
    if not known:
        return Current(None, last)
    since, newest = max(known, key=lambda pair: pair[0])
    disturbs = last and last.pk != newest.pk and last.ended_at and last.ended_at > since
    return Current(None if newest.kind == PlanKind.DESTROY else newest, last if disturbs else None)
