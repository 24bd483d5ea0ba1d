"""Changes of protection are told: to the other owners while one waits, to those who guard the place once in force."""

from __future__ import annotations

from django.urls import reverse

from deployments.telling.occasions import Occasion
from deployments.telling.telling import tell
from projects import protecting
from projects.models import ProtectionRevision, RevisionState, User
from projects.protection.comparing import differences
from projects.protection.reading import read_json


def tell_of_change(revision: ProtectionRevision, actor: User) -> None:
    """Tells of a revision that waits or has just come in force; part of the caller's transaction."""
    environment = revision.environment
    owners = [owner.id for owner in protecting.owners_of(environment) if owner.id != actor.pk]
    occasions = {
        RevisionState.WAITS: Occasion.PROTECTION_WAITING,
        RevisionState.TOOK_EFFECT: Occasion.PROTECTION_CHANGED,
    }
    occasion = occasions.get(revision.state)
    if occasion is None:
        return  # nothing changed, and who could consent has nothing to do any more
    changes = differences(protecting.before(revision).protection, read_json(revision.text))
    tell(
        occasion,
        environment=environment,
        actor_text=actor.text,
        why=" ".join([revision.message, *(f"{each}." for each in changes)]).strip(),
        named=User.objects.filter(pk__in=owners) if occasion is Occasion.PROTECTION_WAITING else (),
        path=reverse("protection", args=[environment.project.slug, environment.name]),
    )
