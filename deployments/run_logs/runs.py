"""A run by its id, for pages that read it: from its record, which needs no rows, or from rows until there is one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import Http404, HttpRequest

from deployments import following
from deployments.models import Deployment
from deployments.replaying.tape import tape_of
from deployments.run_view import RunView
from history.logs.events import Event, EventLog, RecordLog
from history.models import Record
from history.reading import open_record
from projects.access import Access, access_to
from projects.models import Environment
from projects.roles import Action


@dataclass(frozen=True, slots=True)
class RowsLog:
    """The events of a run that has no record yet: `history.logs.events.EventLog`."""

    deployment: Deployment

    @property
    def last(self) -> int:
        """See `EventLog`."""
        return self.deployment.last_event

    @property
    def resources(self) -> tuple[str, ...]:
        """See `EventLog`."""
        names = self.deployment.steps.order_by("logical_id").values_list("logical_id", flat=True)
        return tuple(names.distinct())

    def read(self, after: int, limit: int) -> list[Event]:
        """See `EventLog`."""
        return [following.as_dict(row) for row in self.deployment.events.filter(number__gt=after)[:limit]]

    def calls(self, limit: int) -> Iterator[Event]:
        """See `EventLog`."""
        rows = self.deployment.events.filter(code="call.ended").order_by("-number")[:limit]
        return (following.as_dict(row) for row in reversed(rows))


@dataclass(frozen=True, slots=True)
class Run:
    """A run, and who has its events; `record` is None until it is recorded, `environment` once that is gone."""

    public_id: str
    environment: Environment | None
    environment_name: str
    record: Record | None
    deployment: Deployment | None

    @property
    def live(self) -> bool:
        """Events may still come."""
        return self.deployment is not None and self.deployment.is_live

    def log(self) -> EventLog:
        """Its events."""
        if self.record is not None:
            return RecordLog(open_record(self.record))
        assert self.deployment is not None, "a run is recorded, or has rows"
        return RowsLog(self.deployment)

    def view(self) -> RunView:
        """How it stands now, or ended."""
        if self.record is not None:
            tape = tape_of(open_record(self.record))
            return tape.view(tape.last)
        assert self.deployment is not None, "a run is recorded, or has rows"
        return following.view(self.deployment)


def opened(request: HttpRequest, slug: str, public_id: str) -> tuple[Access, Run]:
    """The project's run of that id, and what the person may do in its environment; 404, or 403."""
    access = access_to(request.user, slug)
    records = Record.objects.select_related("environment__project")
    record = records.filter(project=access.project, deployment_id=public_id).first()
    deployment = None
    if record is None:
        deployment = Deployment.objects.of(access.project).filter(public_id=public_id).first()
        if deployment is None:
            raise Http404("No such deployment.")
    environment = record.environment if record else deployment.environment if deployment else None
    there = access.within(environment) if environment else access
    there.require(Action.VIEW)
    name = record.environment_name if record else environment.name if environment else ""
    return there, Run(public_id, environment, name, record, deployment)
