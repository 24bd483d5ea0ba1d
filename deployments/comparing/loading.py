"""From references to sides: rows are found, access is asked for each environment, documents are read."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from deployments import states
from deployments.comparing.live import reading_of
from deployments.comparing.models import LiveReading
from deployments.comparing.references import Kind, Reference
from deployments.comparing.sides import Place, Side, entries_of
from history.models import Record
from history.reading import open_record
from history.steps import step_results
from projects.access import Access
from projects.models import Environment


@dataclass(frozen=True, slots=True)
class Chosen:
    """A side that exists: its environment (None once that is gone), and the record it is or stands for."""

    reference: Reference
    access: Access
    environment: Environment | None
    record: Record | None
    reading: LiveReading | None = None

    @property
    def fixed(self) -> Reference | None:
        """The record it is or stands for: what never means anything else."""
        return Reference(Kind.RECORD, self.record.deployment_id) if self.record else None

    @property
    def is_there(self) -> bool:
        """It can be loaded; what is live has to be read first."""
        return self.reference.kind is not Kind.LIVE or (self.reading is not None and self.reading.status == "read")

    @property
    def name(self) -> str:
        """As people call it, before it is loaded."""
        match self.reference.kind:
            case Kind.RECORD:
                assert self.record is not None, "a record was found"
                return f"{self.record.environment_name} {self.record.sequence}"
            case Kind.ENVIRONMENT:
                return f"{self.reference.name} as recorded now"
            case Kind.LIVE:
                return f"{self.reference.name} live"


def choose(access: Access, reference: Reference) -> Chosen:
    """What the reference means to this person.

    Raises:
        Http404: there is no such record or environment in the project, or it is out of reach.
    """
    if reference.kind is Kind.RECORD:
        rows = Record.objects.select_related("environment__project").filter(project=access.project)
        record = get_object_or_404(rows, deployment_id=reference.name)
        place = record.environment
        return Chosen(reference, access.within(place) if place else access, place, record)
    environment = Environment.objects.filter(project=access.project, name=reference.name).first()
    if environment is None:
        raise Http404("No such environment.")
    environment.project = access.project
    reading = reading_of(environment) if reference.kind is Kind.LIVE else None
    newest = chain_of(access, environment.name).order_by("-sequence").first()
    return Chosen(reference, access.within(environment), environment, newest, reading)


def before(access: Access, chosen: Chosen) -> Chosen | None:
    """What a side is compared with when nothing else was chosen.

    The record before; of an environment as it is recorded its newest record; of what is live what is recorded.
    """
    record = chosen.record
    match chosen.reference.kind:
        case Kind.RECORD:
            assert record is not None, "a record was found"
            chain = chain_of(access, record.environment_name)
            found = chain.filter(sequence__lt=record.sequence).order_by("-sequence").first()
            return choose(access, Reference(Kind.RECORD, found.deployment_id)) if found else None
        case Kind.ENVIRONMENT:
            return choose(access, chosen.fixed) if chosen.fixed else None
        case Kind.LIVE:
            return choose(access, Reference(Kind.ENVIRONMENT, chosen.reference.name))


def chain_of(access: Access, environment: str) -> QuerySet[Record]:
    """The records of an environment of the project, by the index of its chain."""
    return Record.objects.filter(project_slug=access.project.slug, environment_name=environment)


def load(chosen: Chosen, *, story: bool = True) -> Side:
    """The side with everything in it; without what happened (approvals, steps) where `story` is not asked for.

    Raises:
        Damaged, TooLarge, StoreUnavailable: a document cannot be shown.
    """
    reader = open_record(chosen.record) if chosen.record else None
    state = reader.state_after() if reader else None
    environment, reading = chosen.environment, chosen.reading
    place = Place(
        project=chosen.access.project.slug,
        environment=environment.name if environment else chosen.record.environment_name if chosen.record else "",
        account=state["account"] if state else environment.account if environment else "",
        region=state["region"] if state else environment.region if environment else "",
    )
    match chosen.reference.kind:
        case Kind.RECORD:
            assert state is not None, "a record was found"
            resources = entries_of(state)
        case Kind.ENVIRONMENT:
            assert environment is not None, "an environment was found"
            resources = entries_of(states.load(environment).as_dict())
        case Kind.LIVE:
            assert reading is not None, "it was read"
            resources = reading.resources
    return Side(
        reference=chosen.reference,
        place=place,
        sequence=chosen.record.sequence if chosen.record else None,
        stands_for=chosen.fixed,
        metadata=reader.metadata() if reader else None,
        config_text=reader.config_text() if reader else "",
        source_digest=chosen.record.source_digest if chosen.record else "",
        resources=resources,
        approvals=reader.approvals() if reader and story else (),
        steps=step_results(reader.all_events()) if reader and story else {},
        read_at=reading.read_at if reading else None,
        fingerprint=reading.fingerprint if reading else "",
    )
