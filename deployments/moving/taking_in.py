"""An archive of a project becomes a project of this installation, or goes on where an earlier one ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import models, transaction

from deployments import states
from deployments.holding.models import Hold
from deployments.models import OPEN, Deployment, EnvironmentState, StateEntry
from deployments.moving.opening import ArchiveRefused, Opened, open_archive
from deployments.moving.storing import fits, store_place
from history import index
from history.store import store as configured_store
from history.verifier import BEGINNING
from projects.audit.deeds import Deed
from projects.audit.writing import write as audit
from projects.bundles import canonical_zip
from projects.models import (
    Configuration,
    Credentials,
    Environment,
    Membership,
    Project,
    PromotionPath,
    ProtectionRevision,
    SourceBundle,
    User,
)
from projects.roles import Role

UNASKED = {
    "author", "because_of", "branches", "closed_at", "configuration_number", "description", "environment",
    "in_force_at", "lifted_at", "lifted_by", "placed_by", "settled_by",
}  # fmt: skip
"""Fields that may be empty although a form would ask for them."""

M = TypeVar("M", bound=models.Model)


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What an import did: the project, how many records it has and how many of them are new here, who signed them."""

    project: Project
    records: int
    new_records: int
    signed_by: str


def take_in(path: Path, *, owner: User | None, actor: User | None, believed: str = "", who: str = "") -> TakenIn:
    """Verifies the archive, writes its records, and then the rows. Interrupted, it is simply repeated.

    `owner` owns the project where it is new here; `believed` is the id of a key of the other installation, `actor`
    (or `who`, where it is nobody with an account) does it.

    Raises:
        ArchiveRefused: something is wrong, or is different here; then nothing was written.
        StoreError: the store does not answer; what is written stays, and is found by the next attempt.
    """
    opened, store = open_archive(path, believed), configured_store()
    project = Project.objects.filter(slug=opened.slug).first()
    if project is None and owner is None:
        raise ArchiveRefused(f"There is no project {opened.slug} here yet: say who shall own it.")
    already = fits(store, opened)
    if project is not None:
        _compare(project, opened)
    with transaction.atomic():  # what the database would refuse is refused before the store is written
        _rows(project, owner, opened)
        transaction.set_rollback(True)
    for place in opened.ends:
        if already[place] <= opened.ends[place].sequence:
            store_place(store, opened, place)
    for each in opened.sources:
        key = f"{each['digest']}.zip"
        if not storages["sources"].exists(key):
            storages["sources"].save(key, ContentFile(canonical_zip(opened.bundle(each["digest"]))))
    new = sum(max(0, opened.ends[place].sequence - number) for place, number in already.items())
    signed_by = str(next(reversed(list(opened.keys.by_id))))
    with transaction.atomic():
        project = _rows(project, owner, opened)
        detail: dict[str, Any] = {"records": opened.records, "new": new, "key": signed_by}
        audit(
            Deed.PROJECT_IMPORTED,
            actor=actor,
            actor_text=who,
            project=project,
            target_type="project",
            target=project.slug,
            detail=detail | ({"owner": owner.text} if owner else {}),
        )
    for place in opened.ends:
        index.rebuild_place(store, *place.split("/"))
    return TakenIn(project, opened.records, new, signed_by)


def _compare(project: Project, opened: Opened) -> None:
    """Raises where the project has become something else here than what the archive goes on from."""
    said = {each["number"]: each["digest"] for each in opened.configurations}
    for number, digest in project.configurations.values_list("number", "digest"):
        if said.get(number, digest) != digest:
            raise ArchiveRefused(f"Revision {number} of the configuration is another one here. Nothing was written.")
    for each in opened.protections:
        row = ProtectionRevision.objects.filter(
            environment__project=project, environment__name=each["environment"], number=each["number"]
        ).first()
        if row is not None and row.digest != each["digest"]:
            where = f"{each['number']} of {each['environment']}"
            raise ArchiveRefused(f"Protection {where} is another one here. Nothing was written.")
    for each in opened.head["environments"]:
        place = project.environments.filter(name=each["name"]).first()
        if place is not None and (place.account, place.region) != (each["account"], each["region"]):
            raise ArchiveRefused(
                f"{place.name} is in account {place.account}, {place.region} here. Nothing was written."
            )
    if Deployment.objects.filter(environment__project=project, status__in=OPEN).exists():
        raise ArchiveRefused("A deployment of the project is open here. Let it end, or discard it, and import again.")


def _rows(project: Project | None, owner: User | None, opened: Opened) -> Project:
    head = opened.head
    if project is None:
        assert owner is not None, "asked before anything was written"
        project = _made(Project(slug=head["slug"], description=head["description"]), head["createdAt"])
        Membership.objects.create(project=project, user=owner, role=Role.OWNER)
    for each in head["environments"]:
        if not project.environments.filter(name=each["name"]).exists():
            _environment(project, each)
    for each in opened.configurations:
        if not project.configurations.filter(number=each["number"]).exists():
            _made(
                Configuration(
                    project=project,
                    number=each["number"],
                    text=each["text"],
                    digest=each["digest"],
                    message=each["message"],
                    author_text=each["author"],
                ),
                each["createdAt"],
            )
    for each in opened.sources:
        if not project.sources.filter(digest=each["digest"]).exists():
            bundle = opened.bundle(each["digest"])
            _made(
                SourceBundle(
                    project=project,
                    digest=bundle.digest,
                    size_bytes=bundle.size_bytes,
                    files=[[file.path, file.sha256, file.size_bytes] for file in bundle.files],
                    origin=each["origin"],
                    branches=each["branches"],
                    author_text=each["author"],
                ),
                each["createdAt"],
            )
    for place in project.environments.all():
        _protections(place, opened)
        end = opened.ends.get(f"{project.slug}/{place.name}", BEGINNING)
        known = EnvironmentState.objects.filter(environment=place).exists()
        if not known or index.last_sequence(project.slug, place.name) < end.sequence:
            _state(place, opened)
    _holds(project, opened)
    if head["path"] and not PromotionPath.objects.filter(project=project).exists():
        now = datetime.fromisoformat(head["createdAt"])
        PromotionPath.objects.create(
            project=project, number=1, environments=head["path"], changed_by_text="the import", changed_at=now
        )
    return project


def _environment(project: Project, said: dict[str, Any]) -> None:
    """The external id is made anew: who owns the account lets this installation in, or does not."""
    role = said["credentials"] == Credentials.ROLE
    _made(
        Environment(
            project=project,
            name=said["name"],
            account=said["account"],
            region=said["region"],
            credentials=said["credentials"] if role else Credentials.AMBIENT,
            role_arn=said["roleArn"] if role else "",
            read_role_arn=said["readRoleArn"] if role else "",
            mfa_serial=said["mfaSerial"] if role else "",
            protected=said["protected"],
            automatic_rollback=said["automaticRollback"],
            position=said["position"],
        ),
        None,
    )


def _protections(place: Environment, opened: Opened) -> None:
    for each in opened.protections:
        if each["environment"] == place.name and not place.protections.filter(number=each["number"]).exists():
            in_force, closed = (
                datetime.fromisoformat(at) if at else None for at in (each["inForceAt"], each["closedAt"])
            )
            _made(
                ProtectionRevision(
                    environment=place,
                    number=each["number"],
                    text=each["text"],
                    digest=each["digest"],
                    message=each["message"],
                    author_text=each["author"],
                    in_force_at=in_force,
                    # What waited for another owner there waits for nobody here.
                    closed_at=closed or (None if in_force else _moment(each["createdAt"])),
                    settled_by_text=each["settledBy"],
                ),
                each["createdAt"],
            )


def _holds(project: Project, opened: Opened) -> None:
    """What is held there is held here; what has been lifted since is lifted here too."""
    places = {place.name: place for place in project.environments.all()}
    for each in opened.holds:
        lifted = {
            "lifted_by_text": each["liftedBy"],
            "lifted_at": _moment(each["liftedAt"]),
            "lift_reason": each["liftReason"],
        }
        said = {
            "environment": places[each["environment"]] if each["environment"] else None,
            "configuration_digest": each["configurationDigest"],
            "source_digest": each["sourceDigest"],
            "placed_at": _moment(each["placedAt"]),
        }
        known = project.holds.filter(**said)
        if not known.exists():
            row = Hold(
                project=project,
                configuration_number=each["configurationNumber"],
                reason=each["reason"],
                placed_by_text=each["placedBy"],
                **said,
                **lifted,
            )
            _made(row, None)
        elif lifted["lifted_at"]:
            known.filter(lifted_at=None).update(**lifted)


def _state(place: Environment, opened: Opened) -> None:
    state = opened.states.get(place.name)
    if state is None:
        return
    EnvironmentState.objects.update_or_create(
        environment=place,
        defaults={
            "serial": state.serial,
            "lineage": state.lineage,
            "updated_at": datetime.fromisoformat(state.timestamp) if state.timestamp else None,
        },
    )
    StateEntry.objects.filter(environment=place).delete()
    StateEntry.objects.bulk_create([states.row(place.pk, each) for each in state.resources.values()], batch_size=500)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _made(row: M, created_at: str | None) -> M:
    """The row, if every field of it can hold what it is to hold.

    Raises:
        ArchiveRefused: one cannot.
    """
    try:
        row.clean_fields(exclude=UNASKED)
    except ValidationError as error:
        raise ArchiveRefused(f"{type(row).__name__}: {' '.join(error.messages)} Nothing was written.") from error
    row.save(force_insert=True)
    if created_at is not None:
        type(row)._default_manager.filter(pk=row.pk).update(created_at=datetime.fromisoformat(created_at))
    return row
