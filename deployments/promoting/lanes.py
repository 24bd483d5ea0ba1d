"""The environments of a project as the board of releases shows them: what is there, and what else one should know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery

from deployments.holding.models import Hold
from deployments.models import OPEN, Deployment, DriftCheck
from deployments.releases import Current, currents, move
from projects.access import Access, environments_where
from projects.models import Environment, ProtectionRevision
from projects.paths import Path
from projects.protection.freezing import Window, open_windows
from projects.protection.reading import read_json
from projects.roles import Action


@dataclass(frozen=True, slots=True)
class Lane:
    """One environment.

    `upstream` is what comes before it on the path, `distance` how far it is from what is there, in words. `holds` are
    those of everything, not of one release. `promote` is the deployment whose release may go on to `following`, if
    this person may propose that.
    """

    environment: Environment
    current: Current
    on_path: bool = False
    upstream: str = ""
    distance: str = ""
    drift: DriftCheck | None = None
    holds: tuple[Hold, ...] = ()
    freezes: tuple[Window, ...] = ()
    open: Deployment | None = None
    following: str = ""
    promote: Deployment | None = None


def lanes_of(
    access: Access, environments: QuerySet[Environment], path: Path, holds: Sequence[Hold], now: datetime
) -> tuple[Lane, ...]:
    """Lanes in the order of the path, then the others in their own; `holds` are those that stand in the project."""
    newest = Deployment.objects.filter(environment=OuterRef("pk"), status__in=OPEN).order_by("-pk").values("pk")
    shown = path.ordered(environments.select_related("drift"))
    keys = dict(environments.order_by().values_list("pk", Subquery(newest[:1])))
    # What comes before or after on the path counts though it is not shown.
    neighbours = Environment.objects.filter(project=access.project, name__in=path.names)
    there = currents([*shown, *neighbours])
    by_name = {each.name: there[each.pk] for each in [*neighbours, *shown]}
    open_now = Deployment.objects.in_bulk([key for key in keys.values() if key])
    frozen = _freezes(shown, now)
    mine = environments_where(access.user, Action.PROPOSE).filter(project=access.project)
    plannable = set(mine.values_list("name", flat=True))
    return tuple(
        Lane(
            environment=each,
            current=there[each.pk],
            on_path=path.before(each.name) is not None,
            upstream=path.before(each.name) or "",
            distance=_distance(there[each.pk], by_name.get(path.before(each.name) or ""), path.before(each.name) or ""),
            drift=getattr(each, "drift", None),
            holds=tuple(hold for hold in holds if hold.release is None and hold.environment_id in (None, each.pk)),
            freezes=frozen.get(each.pk, ()),
            open=open_now.get(keys.get(each.pk) or 0),
            following=path.after(each.name),
            promote=_promotable(there[each.pk], by_name.get(path.after(each.name)))
            if path.after(each.name) in plannable
            else None,
        )
        for each in shown
    )


def _distance(here: Current, before: Current | None, name: str) -> str:
    if before is None or before.brought_by is None:
        return ""
    if here.brought_by is None:
        return f"nothing of {name} yet"
    return move(here.brought_by, before.brought_by).words(name)


def _promotable(here: Current, after: Current | None) -> Deployment | None:
    """What can go on: a release that is not there already."""
    if after is None or here.brought_by is None:
        return None
    same = after.brought_by is not None and move(after.brought_by, here.brought_by).is_none
    return None if same else here.brought_by


def _freezes(environments: Sequence[Environment], now: datetime) -> dict[int, tuple[Window, ...]]:
    """The freezes that are open now, by environment; one statement."""
    newest = ProtectionRevision.objects.filter(environment=OuterRef("pk")).exclude(in_force_at=None)
    in_force = Environment.objects.filter(pk__in=[each.pk for each in environments if each.protected])
    texts = in_force.order_by().values_list("pk", Subquery(newest.order_by("-number").values("text")[:1]))
    return {key: open_windows(read_json(text).freezes, now) for key, text in texts if text}
