"""The protection of an environment over time: which revision is in force, and how another comes to be.

What a protected environment asks for is changed by two owners: one proposes, another consents. Each function owns its
transaction, and holds the environment's row while it looks and writes: of two that come at once, one finds what the
other did.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from projects.assigned import people_of
from projects.audit.deeds import Deed
from projects.audit.writing import SYSTEM
from projects.audit.writing import write as audit
from projects.models import Environment, ProtectionRevision, User
from projects.protection.comparing import differences
from projects.protection.facts import Person
from projects.protection.model import Protection, Requirement
from projects.protection.reading import read_json
from projects.roles import Action

USUAL = Protection(approvals=(Requirement(),))
"""What an environment asks for that is made protected without saying more."""


class Conflict(Exception):
    """Somebody else's change came in between; `latest` is theirs, the number of what it is about now."""

    def __init__(self, latest: int, who: str) -> None:
        super().__init__(f"{who} changed this while you were editing; revision {latest} is the newest.")
        self.latest = latest


class Refused(Exception):
    """This person cannot settle that change, or nobody can any more; the text says why."""


@dataclass(frozen=True, slots=True)
class InForce:
    """What an environment asks for now; number 0 is the empty protection of one that never had another."""

    number: int
    protection: Protection

    @property
    def digest(self) -> str:
        """SHA-256 of what it asks for."""
        return self.protection.digest()


def in_force(environment: Environment) -> InForce:
    """The revision in force, by one query; the usual one for an environment that is marked and has none."""
    row = environment.protections.exclude(in_force_at=None).order_by("-number").first()
    if row is not None:
        return InForce(row.number, read_json(row.text))
    return InForce(0, USUAL if environment.protected else Protection())


def waiting(environment: Environment) -> ProtectionRevision | None:
    """The change that waits for another owner, if one does."""
    return environment.protections.filter(in_force_at=None, closed_at=None).first()


def before(revision: ProtectionRevision) -> InForce:
    """What was in force when the revision was proposed."""
    earlier = ProtectionRevision.objects.filter(environment=revision.environment_id, number__lt=revision.number)
    row = earlier.exclude(in_force_at=None).order_by("-number").first()
    return InForce(row.number, read_json(row.text)) if row else InForce(0, Protection())


def owners_of(environment: Environment) -> list[Person]:
    """Who may change what it asks for: people alone, whose role there is enough now."""
    return people_of(environment, Action.MANAGE_ENVIRONMENTS)


def why_not_consent(revision: ProtectionRevision, person: int, owners: list[Person]) -> str:
    """Why that person cannot consent, as a sentence; empty if they can."""
    ids = {owner.id for owner in owners}
    if person not in ids:
        return "Only an owner can consent."
    if revision.author_id == person:
        return "You proposed it: another owner has to consent."
    if revision.author_id not in ids:
        return f"{revision.author_text} proposed it and is no owner any more: decline it, and propose it yourself."
    return ""


def propose_change(
    *, environment: Environment, protection: Protection, author: User, message: str, base_number: int
) -> ProtectionRevision | None:
    """The next revision: in force at once where the environment is not protected, else waiting for another owner.

    `base_number` is the revision the author started from: the one that waits, or else the one in force. A change that
    waits already is overtaken by this one. None where this is what is in force, or waits, already.

    Raises:
        Conflict: another one waits or is in force by now.
    """
    with transaction.atomic():
        _hold(environment)
        now, waits = in_force(environment), waiting(environment)
        if protection.digest() in (now.digest, waits.digest if waits else ""):
            return None
        latest = waits.number if waits else now.number
        if base_number != latest:
            row = environment.protections.filter(number=latest).first()
            raise Conflict(latest, row.author_text if row else SYSTEM)
        if now.protection == Protection():
            return put_in_force(environment=environment, protection=protection, author=author, message=message)
        row = _next(environment, protection, author, message)
        _audit(Deed.PROTECTION_PROPOSED, row, author, now, instead_of=waits.number if waits else None)
    return row


def consent(*, revision: ProtectionRevision, actor: User) -> ProtectionRevision:
    """Another owner agrees, and what was proposed is in force.

    Raises:
        Refused: they are not one who can, or somebody has settled it already.
    """
    with transaction.atomic():
        environment = _hold(revision.environment)
        if why := why_not_consent(revision, _person(actor), owners_of(environment)):
            raise Refused(why)
        was = in_force(environment)
        row = _settle(revision, actor, "in_force_at")
        _audit(Deed.PROTECTION_CONSENTED, row, actor, was, author=row.author_text)
        _takes_effect(row, actor, was)
    return row


def decline(*, revision: ProtectionRevision, actor: User) -> ProtectionRevision:
    """Another owner does not agree; nothing changes.

    Raises:
        Refused: as `consent`.
    """
    with transaction.atomic():
        environment = _hold(revision.environment)
        if _person(actor) not in {owner.id for owner in owners_of(environment)} or revision.author_id == actor.pk:
            raise Refused("Another owner than who proposed it declines; you can withdraw what is yours.")
        row = _settle(revision, actor, "closed_at")
        _audit(Deed.PROTECTION_DECLINED, row, actor, in_force(environment), author=row.author_text)
    return row


def withdraw(*, revision: ProtectionRevision, actor: User) -> ProtectionRevision:
    """Who proposed it takes it back; nothing changes.

    Raises:
        Refused: it is somebody else's, or somebody has settled it already.
    """
    with transaction.atomic():
        environment = _hold(revision.environment)
        if revision.author_id != _person(actor):
            raise Refused("Only who proposed it withdraws it; other owners decline.")
        row = _settle(revision, actor, "closed_at")
        _audit(Deed.PROTECTION_WITHDRAWN, row, actor, in_force(environment))
    return row


def put_in_force(
    *, environment: Environment, protection: Protection, author: User | None, message: str = ""
) -> ProtectionRevision:
    """The next revision, at once; whoever asks has made sure that nobody else has to consent."""
    with transaction.atomic():
        _hold(environment)
        was = in_force(environment)
        row = _next(environment, protection, author, message, at_once=True)
        _takes_effect(row, author, was)
    return row


def _hold(environment: Environment) -> Environment:
    return Environment.objects.select_for_update().get(pk=environment.pk)


def _person(actor: User) -> int:
    """The key of a person; nobody's where a token acts for them."""
    return actor.pk if actor.scope is None else 0


def _next(
    environment: Environment, protection: Protection, author: User | None, message: str, *, at_once: bool = False
) -> ProtectionRevision:
    """A row with the next number; what waited before it is overtaken."""
    now = timezone.now()
    environment.protections.filter(in_force_at=None, closed_at=None).update(closed_at=now)
    newest = environment.protections.order_by("-number").values_list("number", flat=True).first() or 0
    return ProtectionRevision.objects.create(
        environment=environment,
        number=newest + 1,
        text=protection.to_json(),
        digest=protection.digest(),
        message=message,
        author=author,
        author_text=author.text if author else SYSTEM,
        in_force_at=now if at_once else None,
    )


def _settle(revision: ProtectionRevision, actor: User, moment: str) -> ProtectionRevision:
    """Writes who settled it if nobody has; the update's own condition decides who was first.

    Raises:
        Refused: somebody has.
    """
    row = ProtectionRevision.objects.filter(pk=revision.pk, in_force_at=None, closed_at=None)
    if not row.update(**{moment: timezone.now()}, settled_by=actor, settled_by_text=actor.text):
        revision.refresh_from_db()
        raise Refused(
            f"Nothing was done: revision {revision.number} does not wait any more, it {revision.state.label}."
        )
    return ProtectionRevision.objects.select_related("environment__project").get(pk=revision.pk)


def _takes_effect(row: ProtectionRevision, actor: User | None, was: InForce) -> None:
    """Keeps the environment's own word on whether it is protected in step."""
    row.environment.protected = read_json(row.text) != Protection()
    row.environment.save(update_fields=["protected"])
    _audit(Deed.PROTECTION_CHANGED, row, actor, was)


def _audit(deed: Deed, row: ProtectionRevision, actor: User | None, was: InForce, **more: Any) -> None:
    after = read_json(row.text)
    audit(
        deed,
        actor=actor,
        environment=row.environment,
        target_type="protection",
        target=row.number,
        detail={
            "message": row.message,
            **{name: value for name, value in more.items() if value},
            "changes": [str(each) for each in differences(was.protection, after)],
            "before": was.protection.as_dict(),
            "after": after.as_dict(),
        },
    )
