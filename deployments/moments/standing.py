"""Who was what in an environment at a moment, and what was asked for, frozen and held there.

Roles are today's with what the audit log says of since then taken back, the newest first: what it does not say any
more, or never said, is said to be unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from deployments.holding.models import Hold
from projects.assigned import assignments_of
from projects.audit.deeds import Deed
from projects.audit.models import AuditEntry, AuditHead
from projects.models import Environment, Membership
from projects.protecting import USUAL, InForce
from projects.protection.freezing import Window, open_windows
from projects.protection.model import Protection
from projects.protection.reading import read_json
from projects.roles import STRENGTH, Assignment, Role, standing

MOST_ENTRIES = 2000
"""How many changes of roles since then are taken back; where there are more, nothing is said."""
MOST_SHOWN = 200

_OF_MEMBERS = (Deed.MEMBER_ADDED, Deed.MEMBER_REMOVED, Deed.ROLE_CHANGED, Deed.ROLE_GIVEN, Deed.ROLE_TAKEN)
_OF_GROUPS = (Deed.GROUP_REMOVED, Deed.GROUP_JOINED, Deed.GROUP_LEFT, Deed.GROUP_ROLE_GIVEN, Deed.GROUP_ROLE_TAKEN)


@dataclass(frozen=True, slots=True)
class Stood:
    """A member then; `role` is empty where the audit log does not say which they had."""

    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Standings:
    """The members then, by name. `unknown` says in a sentence why nothing is known, `but` what is only as it is now."""

    members: tuple[Stood, ...] = ()
    unknown: str = ""
    but: str = ""

    @property
    def shown(self) -> tuple[Stood, ...]:
        """As many as a page shows, whoever could do most first."""
        ranked = sorted(self.members, key=lambda each: -STRENGTH.index(Role(each.role)) if each.role else 1)
        return tuple(ranked[:MOST_SHOWN])

    @property
    def more(self) -> int:
        """How many more there were."""
        return max(0, len(self.members) - MOST_SHOWN)


@dataclass(frozen=True, slots=True)
class Rules:
    """What was in force then."""

    protection: InForce
    freezes: tuple[Window, ...]
    holds: tuple[Hold, ...]


def rules_at(environment: Environment, moment: datetime) -> Rules:
    """The protection, open freezes and holds of that moment."""
    row = environment.protections.filter(in_force_at__lte=moment).order_by("-number").first()
    protection = InForce(row.number, read_json(row.text)) if row else InForce(0, Protection())
    if environment.protected and not environment.protections.exclude(in_force_at=None).exists():
        protection = InForce(0, USUAL)
    holds = (
        Hold.objects.at(environment).filter(placed_at__lte=moment).filter(Q(lifted_at=None) | Q(lifted_at__gt=moment))
    )
    return Rules(
        protection=protection,
        freezes=open_windows(protection.protection.freezes, moment),
        holds=tuple(holds.select_related("environment")),
    )


def standings_at(environment: Environment, moment: datetime) -> Standings:
    """Who was a member then, and as what in this environment."""
    chain = environment.project_id
    kept_since = _kept_since(chain)
    if kept_since and moment < kept_since:
        return Standings(unknown=f"The audit log is kept from {kept_since:%Y-%m-%d %H:%M} UTC on.")
    since = AuditEntry.objects.filter(chain=chain, time__gt=moment)
    told = since.filter(deed__in=_OF_MEMBERS, target_type__in=("member", "invitation")).order_by("-id")
    entries = list(told[: MOST_ENTRIES + 1])
    if len(entries) > MOST_ENTRIES:
        return Standings(unknown="Roles changed too often since then to tell.")
    given = _given_now(environment)
    for entry in entries:
        _take_back(given, entry, environment.name)
    moved = since.filter(deed__in=_OF_GROUPS).filter(environment__in=("", environment.name)).exists()
    return Standings(
        members=tuple(Stood(name, _role(given[name], environment.name)) for name in sorted(given, key=str.casefold)),
        but="Groups changed since then: what they give is as it is now." if moved else "",
    )


def _kept_since(chain: int) -> datetime | None:
    """From when on there are all entries; None where none has expired."""
    if not AuditHead.objects.filter(chain=chain, expired_number__gt=0).exists():
        return None
    return AuditEntry.objects.filter(chain=chain).order_by("id").values_list("time", flat=True).first()


_Given = dict[str, list[Assignment] | None]
"""What each member was given, by name; None where that is not known."""


def _given_now(environment: Environment) -> _Given:
    members = Membership.objects.filter(project=environment.project_id, user__service=None)
    return {member.user.text: given for member, given in assignments_of(members, [environment]).items()}


def _take_back(given: _Given, entry: AuditEntry, environment: str) -> None:
    name, before = entry.target, entry.detail.get("before", "")
    match entry.deed:
        case Deed.MEMBER_ADDED:
            given.pop(entry.actor_text if entry.target_type == "invitation" else name, None)
        case Deed.MEMBER_REMOVED:
            given[name] = [Assignment(Role(before))] if before else None
        case Deed.ROLE_CHANGED:
            others = [each for each in given.get(name) or () if each.environment]
            given[name] = [Assignment(Role(before)), *others] if before else None
        case Deed.ROLE_GIVEN | Deed.ROLE_TAKEN if entry.environment == environment and given.get(name):
            others = [each for each in given[name] or () if each.group or not each.environment]
            given[name] = [*others, *([Assignment(Role(before), environment=environment)] if before else [])]


def _role(given: list[Assignment] | None, environment: str) -> str:
    role = standing(given, environment).role if given else None
    return role.value if role else ""
