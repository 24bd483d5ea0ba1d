"""What a promotion would bring, before anybody asks for its plan: the release, the way it goes, what waits for it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from deployments.deciding.foretelling import foretell
from deployments.models import OPEN, Deployment
from deployments.overrides import SettingRow, differences
from deployments.promoting.seeing import NotForIt, Seen, seen_by
from deployments.promotions import would_be
from deployments.releases import Current, Move, Release, bringing, current, move, release_of, shown
from deployments.secret_values import deployed_names
from history.models import Record
from projects.models import Configuration, Environment, SourceBundle, User
from projects.protection.deciding import Decision

MOST_REVISIONS = 20


@dataclass(frozen=True, slots=True)
class SourceChange:
    """The code of the agents before and after, with the paths of the files that differ."""

    before: SourceBundle | None
    after: SourceBundle | None
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """A promotion that could be asked for.

    `been_in` are the deployments that brought the release, the newest of each environment. `revisions` are those that
    come, or when it `goes_back` those that go again, the newest first, at most so many; `more_revisions` counts the
    rest. `now` is what is in the target, `step` the way from there. `problem` says why the configuration does not fit
    the target. `settings` are values that differ between the two environments, `changes` what the revisions change for
    the target. `missing` are secrets that are not deployed there yet, `known` those that are. `expected` is what the
    target will ask for. `back` is a record of the target to which a rollback would go instead.
    """

    release: Release
    came: Deployment
    to: Environment
    been_in: tuple[Deployment, ...]
    now: Current
    step: Move | None
    revisions: tuple[Configuration, ...]
    more_revisions: int
    sources: SourceChange | None
    problem: str
    settings: tuple[SettingRow, ...]
    changes: tuple[SettingRow, ...]
    missing: tuple[str, ...]
    known: tuple[str, ...]
    expected: Decision
    under_way: tuple[Deployment, ...]
    back: Record | None

    @property
    def is_there(self) -> bool:
        """The target has the release already."""
        return self.step is not None and self.step.is_none

    @property
    def distance(self) -> str:
        """How far the target is from it, in words."""
        return self.step.words("this") if self.step else ""

    @property
    def goes_back(self) -> bool:
        """Something that the target has is newer."""
        return self.step is not None and self.step.goes_back


def preview(*, deployment: Deployment, to: Environment, actor: User, now: datetime) -> Preview:
    """The promotion of what the deployment brought, to an environment of the project.

    Raises:
        WorkflowError: with the sentence why there can be none.
    """
    planned = would_be(deployment, to)
    release = release_of(deployment)
    there = current(to)
    step = move(there.brought_by, deployment) if there.brought_by else None
    revisions = _between(deployment, there)
    problem, coming = "", None
    settings: tuple[SettingRow, ...] = ()
    changes: tuple[SettingRow, ...] = ()
    try:
        coming = _seen(deployment, to)
        settings = differences(_seen(deployment, deployment.environment).effective, coming.effective)
    except NotForIt as reason:
        problem = str(reason)
    if coming and there.brought_by:
        with suppress(NotForIt):  # what is there was made by rules of another day; the plan compares all the same
            changes = differences(_seen(there.brought_by, to).effective, coming.effective)
    wanted = coming.secrets if coming else ()
    deployed = deployed_names(to)
    return Preview(
        release=release,
        came=deployment,
        to=to,
        been_in=_been_in(deployment),
        now=there,
        step=step,
        revisions=tuple(revisions[:MOST_REVISIONS]),
        more_revisions=max(0, len(revisions) - MOST_REVISIONS),
        sources=_sources(there.brought_by.source if there.brought_by else None, deployment.source),
        problem=problem,
        settings=settings,
        changes=changes,
        missing=tuple(name for name in wanted if name not in deployed),
        known=tuple(name for name in wanted if name in deployed),
        expected=foretell(planned, actor, now),
        under_way=tuple(shown(Deployment.objects.all()).filter(environment=to, status__in=OPEN).order_by("-pk")[:5]),
        back=_back(to, release) if step and step.goes_back else None,
    )


def _been_in(deployment: Deployment) -> tuple[Deployment, ...]:
    """The newest deployment of the release in each environment, in the order in which they came."""
    same = bringing(Deployment.objects.all()).filter(
        environment__project=deployment.environment.project_id,
        configuration__digest=deployment.configuration.digest,
        source=deployment.source,
    )
    newest = same.order_by().values("environment").annotate(newest=Max("pk")).values("newest")
    return tuple(shown(Deployment.objects.filter(pk__in=newest)).order_by("pk"))


def _between(deployment: Deployment, there: Current) -> list[Configuration]:
    """The revisions after the older of the two up to the newer, the newest first; without their texts."""
    known = deployment.environment.project.configurations.defer("text")
    after = deployment.configuration.number
    if there.brought_by is None:
        return []
    low, high = sorted([there.brought_by.configuration.number, after])
    return list(known.filter(number__gt=low, number__lte=high))


def _sources(before: SourceBundle | None, after: SourceBundle | None) -> SourceChange | None:
    """What differs in the code; None when nothing does."""
    if (before and before.pk) == (after and after.pk):
        return None
    old = {path: digest for path, digest, _ in before.files} if before else {}
    new = {path: digest for path, digest, _ in after.files} if after else {}
    return SourceChange(
        before,
        after,
        added=tuple(sorted(new.keys() - old.keys())),
        changed=tuple(sorted(path for path in new.keys() & old.keys() if new[path] != old[path])),
        removed=tuple(sorted(old.keys() - new.keys())),
    )


def _seen(deployment: Deployment, environment: Environment) -> Seen:
    return seen_by(environment.name, deployment.configuration.text, deployment.configuration.number)


def _back(to: Environment, release: Release) -> Record | None:
    records = Record.objects.of_environment(to).succeeded()
    return records.filter(configuration_number=release.number, source_digest=release.source_digest).first()
