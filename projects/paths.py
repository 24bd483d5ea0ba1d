"""The path of a project: in which order its environments get a release, such as dev, staging, prod.

An environment is on it at most once; those that are not on it are promoted to by hand. What comes before an environment
is its upstream. Where a protection asks for that, the path is a part of what two owners agreed to, so one owner alone
does not change what comes before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from projects import protecting
from projects.audit.deeds import Deed
from projects.audit.writing import write as audit
from projects.models import Environment, Project, PromotionPath, User

ARROW = " → "
USUAL = (
    {"sandbox", "local", "feature"},
    {"dev", "develop", "development"},
    {"test", "testing", "ci", "qa", "integration", "int"},
    {"staging", "stage", "uat", "acceptance", "preprod", "demo"},
    {"canary", "beta"},
    {"prod", "production", "live"},
)
"""Words of environments' names, from the first to the last they usually are."""


class PathConflict(Exception):
    """Somebody else changed the path in between; `latest` is theirs."""

    def __init__(self, latest: Path) -> None:
        super().__init__(f"{latest.changed_by} changed the path while you were editing: it is {latest.words} now.")
        self.latest = latest


class PathRefused(Exception):
    """This cannot be the path; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Path:
    """Names of environments in their order; number 0 is the path that nobody has set yet."""

    number: int = 0
    names: tuple[str, ...] = ()
    changed_by: str = ""
    changed_at: datetime | None = None

    @property
    def words(self) -> str:
        """`dev → staging → prod`."""
        return ARROW.join(self.names) or "empty"

    def before(self, name: str) -> str | None:
        """What comes before that environment; empty for the first, None for one that is not on the path."""
        return None if name not in self.names else ("", *self.names)[self.names.index(name)]

    def after(self, name: str) -> str:
        """What comes after that environment; empty for the last, and for one that is not on the path."""
        return (*self.names, "")[self.names.index(name) + 1] if name in self.names else ""

    def ordered(self, environments: Iterable[Environment]) -> list[Environment]:
        """The environments in the order of the path, then the others in their own."""
        places = {name: place for place, name in enumerate(self.names)}
        return sorted(environments, key=lambda each: (places.get(each.name, len(places)), each.position, each.pk))


def path_of(project: Project | int) -> Path:
    """The project's path, by one query."""
    row = PromotionPath.objects.filter(project=project).first()
    return Path(row.number, tuple(row.environments), row.changed_by_text, row.changed_at) if row else Path()


def usual_order(names: Iterable[str]) -> tuple[str, ...]:
    """What a project with these environments probably means: those whose names say so, in the order they say."""
    ranks = {name: rank for name in names if (rank := _rank(name)) is not None}
    return tuple(sorted(ranks, key=lambda name: ranks[name]))


def change(*, project: Project, names: Sequence[str], base: int, actor: User) -> Path:
    """The path from now on; `base` is the number of the one that the author started from.

    Raises:
        PathConflict: it is another one by now.
        PathRefused: an environment is unknown or named twice, or what comes before one is part of its protection.
    """
    wanted = tuple(names)
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)
        environments = list(Environment.objects.select_for_update().filter(project=project).order_by("pk"))
        now = path_of(project)
        if base != now.number:
            raise PathConflict(now)
        if wanted == now.names:
            return now
        _check(wanted, now, environments)
        row, _ = PromotionPath.objects.update_or_create(
            project=project,
            defaults={
                "number": now.number + 1,
                "environments": list(wanted),
                "changed_by_text": actor.text,
                "changed_at": timezone.now(),
            },
        )
        audit(
            Deed.PATH_CHANGED,
            actor=actor,
            project=project,
            target_type="path",
            target=row.number,
            detail={"before": list(now.names), "after": list(wanted)},
        )
    return Path(row.number, wanted, row.changed_by_text, row.changed_at)


def _check(wanted: tuple[str, ...], now: Path, environments: Sequence[Environment]) -> None:
    known = {each.name for each in environments}
    if unknown := [name for name in wanted if name not in known]:
        raise PathRefused(f"{unknown[0]} is no environment of this project. Take it off the path.")
    if len(set(wanted)) < len(wanted):
        raise PathRefused("An environment can be on the path only once.")
    after = Path(names=wanted)
    for each in environments:
        moved = now.before(each.name) != after.before(each.name)
        if moved and each.protected and protecting.in_force(each).protection.upstream_of_path:
            raise PathRefused(
                f"{each.name} only takes what succeeded before it on the path, so two owners decide what that is. "
                f"Let its protection name environments instead, or stop asking for that; then change the path."
            )


def _rank(name: str) -> int | None:
    """The place of the word in a name that comes last in the order; None where no word says anything."""
    words = re.split(r"[-\d]+", name)
    return max((rank for rank, known in enumerate(USUAL) for word in words if word in known), default=None)
