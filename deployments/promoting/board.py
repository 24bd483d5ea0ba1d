"""The board of releases: which one is where; so many statements however much there is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, Max, Min, OuterRef, Q

from deployments.holding.models import Hold
from deployments.models import OPEN, RAN, Deployment, DeploymentQuerySet, Status
from deployments.promoting.lanes import Lane, lanes_of
from deployments.releases import BRINGING, THERE, Release
from projects.access import Access, environments_where
from projects.models import Configuration, Environment, Project, SourceBundle
from projects.paths import Path, path_of
from projects.roles import Action

PER_PAGE = 20
MOST_LANES = 24
SHOWN = (*sorted(OPEN), *sorted(RAN), Status.UNCHANGED)
"""Deployments that say something of where a release is; a plan that was given up says nothing."""

Key = tuple[int, int]
"""A release by the keys of its configuration and its source, 0 for none."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One release in one environment.

    `brought_by` is the newest deployment after which it was there, `failed` a newer one that failed or was cancelled,
    `open` the newest of which something may still come. `is_current`: it is there now.
    """

    is_current: bool
    brought_by: Deployment | None
    failed: Deployment | None
    open: Deployment | None
    quarantined: Hold | None

    @property
    def word(self) -> str:
        """Where it stands, in a word: `current`, `before`, `quarantined`, or a deployment's status."""
        if self.open is not None:
            return str(self.open.status)
        if self.is_current:
            return "current"
        if self.failed is not None:
            return str(self.failed.status)
        return "before" if self.brought_by else "quarantined"

    @property
    def shown(self) -> Deployment | None:
        """The deployment that the word is about."""
        return self.open or (self.brought_by if self.is_current else self.failed or self.brought_by)


@dataclass(frozen=True, slots=True)
class Row:
    """A release with a cell for each lane, None where it never was, and when it was first deployed anywhere."""

    release: Release
    configuration: Configuration
    source: SourceBundle | None
    first_at: datetime | None
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """Rows are releases, the newest first; lanes are environments in the order of the path.

    `others` counts environments that were left out. `before` goes on where there are more releases; see `board`.
    `live`: something may change any moment.
    """

    path: Path
    lanes: tuple[Lane, ...]
    others: int
    rows: tuple[Row, ...]
    before: str
    live: bool

    @property
    def by_lane(self) -> Iterable[tuple[Row, list[tuple[Lane, Cell | None]]]]:
        """Each row with its cells beside their lanes."""
        return [(row, list(zip(self.lanes, row.cells, strict=True))) for row in self.rows]


def board(access: Access, now: datetime, *, text: str = "", before: str = "", per_page: int = PER_PAGE) -> Board:
    """The project's board as this person may see it; `text` is in the names of its environments.

    `before` is `Board.before` of the page before this one.
    """
    path = path_of(access.project)
    seen = environments_where(access.user, Action.VIEW).filter(project=access.project, name__contains=text)
    ordered = path.ordered(seen)
    holds = list(Hold.objects.standing().filter(project=access.project).select_related("environment"))
    kept = Environment.objects.filter(pk__in=[each.pk for each in ordered[:MOST_LANES]])
    lanes = lanes_of(access, kept, path, holds, now)
    keys = _releases(access.project, _parsed(before), per_page + 1)
    shown = keys[:per_page]
    return Board(
        path=path,
        lanes=lanes,
        others=len(ordered[MOST_LANES:]),
        rows=_rows(shown, lanes, holds),
        before=_written(shown[-1], access.project) if len(keys) > per_page else "",
        live=any(lane.open for lane in lanes),
    )


def _whole() -> DeploymentQuerySet:
    return Deployment.objects.filter(kind__in=BRINGING, status__in=SHOWN, targets=[])


def _releases(project: Project, after: Key | None, most: int) -> list[Key]:
    """The releases that were ever on their way somewhere, the newest first.

    The revisions come first, by their key, so that no more deployments are looked at than those of a page's revisions.
    """
    revisions = project.configurations.filter(Exists(_whole().filter(configuration=OuterRef("pk"))))
    found = _whole()
    if after is not None:
        number, source = after
        revisions = revisions.filter(number__lte=number)
        found = found.exclude(Q(configuration__number=number) & (Q(source__gte=source) if source else Q()))
    numbers = list(revisions.order_by("-number").values_list("pk", flat=True)[:most])
    found = found.filter(configuration__in=numbers).order_by(
        F("configuration__number").desc(), F("source").desc(nulls_last=True)
    )
    pairs = found.values_list("configuration", "source", "configuration__number").distinct()[:most]
    return [(configuration, source or 0) for configuration, source, _ in pairs]


def _rows(keys: Sequence[Key], lanes: Sequence[Lane], holds: Sequence[Hold]) -> tuple[Row, ...]:
    configurations = Configuration.objects.defer("text").in_bulk([key for key, _ in keys])
    sources = SourceBundle.objects.defer("files").in_bulk([key for _, key in keys if key])
    found = _found(keys)
    places = {lane.environment.pk for lane in lanes}
    named = {value for (_, _, place), each in found.items() if place in places for value in each.values()}
    wanted = [key for key in named if isinstance(key, int)]
    columns = ("public_id", "status", "environment", "planned_at", "ended_at", "run_by_text", "proposed_by_text")
    deployments = Deployment.objects.only(*columns, "created_at").in_bulk(wanted)
    rows = []
    for key in keys:
        configuration, source = configurations[key[0]], sources.get(key[1])
        release = Release(configuration.number, source.digest if source else "")
        quarantines = [
            hold
            for hold in holds
            if (hold.configuration_digest, hold.source_digest) == (configuration.digest, release.source_digest)
        ]
        started = [each["first"] for (*of, _), each in found.items() if tuple(of) == key and each["first"]]
        cells = tuple(
            _cell(lane, key, found.get((*key, lane.environment.pk), {}), deployments, quarantines) for lane in lanes
        )
        rows.append(Row(release, configuration, source, min(started, default=None), cells))
    return tuple(rows)


def _found(keys: Sequence[Key]) -> dict[tuple[int, int, int], dict[str, Any]]:
    """By configuration, source and environment: the newest of each sort of deployment, and when the first began."""
    of_page = _whole().filter(
        Q(source__in=[source for _, source in keys]) | Q(source=None), configuration__in=[each for each, _ in keys]
    )
    rows = (
        of_page.order_by()
        .values("configuration", "source", "environment")
        .annotate(
            there=Max("pk", filter=Q(status__in=THERE)),
            failed=Max("pk", filter=Q(status__in=(Status.FAILED, Status.CANCELLED))),
            open=Max("pk", filter=Q(status__in=OPEN)),
            first=Min("started_at"),
        )
    )
    wanted = set(keys)
    return {
        (row["configuration"], row["source"] or 0, row["environment"]): dict(row)
        for row in rows
        if (row["configuration"], row["source"] or 0) in wanted
    }


def _cell(
    lane: Lane, key: Key, found: Mapping[str, Any], deployments: Mapping[int, Deployment], quarantines: Sequence[Hold]
) -> Cell | None:
    here = next((hold for hold in quarantines if hold.environment_id in (None, lane.environment.pk)), None)
    there, failed, open_now = (deployments.get(found.get(name) or 0) for name in ("there", "failed", "open"))
    if not (here or there or failed or open_now):
        return None
    now = lane.current.brought_by
    return Cell(
        is_current=now is not None and (now.configuration_id, now.source_id or 0) == key,
        brought_by=there,
        failed=failed if failed and (there is None or failed.pk > there.pk) else None,
        open=open_now,
        quarantined=here,
    )


def _parsed(text: str) -> Key | None:
    """`12-3`: revision 12, and the source with key 3; None for what is none."""
    number, hyphen, source = text.partition("-")
    fits = hyphen and all(part.isascii() and part.isdecimal() and len(part) < 19 for part in (number, source))
    return (int(number), int(source)) if fits else None


def _written(key: Key, project: Project) -> str:
    number = project.configurations.values_list("number", flat=True).get(pk=key[0])
    return f"{number}-{key[1]}"
