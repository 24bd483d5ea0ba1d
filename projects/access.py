"""The gate of every view and socket: who sees a project at all, and what they may do in it.

An outsider gets 404 for everything of a project, so that its existence stays unknown; a member whose role is not
enough gets 403 with a sentence that says which role would be.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404

from projects.models import Membership, Project, User
from projects.roles import FOR_TOKENS, TABLE, Action, Role, can


class Outsider(Http404):
    """Somebody asked for a project they are not a member of; answered as if there were none."""


@dataclass(frozen=True, slots=True)
class Access:
    """A project as one person sees it."""

    project: Project
    user: User
    role: Role

    def can(self, action: Action) -> bool:
        """Whether this person, or the token that acts for them, may do that here."""
        return can(self.role, action, self.user.scope)

    @property
    def may(self) -> dict[str, bool]:
        """For templates: `access.may.PROPOSE`."""
        return {action.name: self.can(action) for action in Action}

    def require(self, action: Action) -> None:
        """Raises PermissionDenied (403) with a sentence for people when the role is not enough."""
        if not self.can(action):
            if can(self.role, action):
                made = "is not made for that" if action in FOR_TOKENS else "can never do that; a person has to"
                raise PermissionDenied(f"To {action.value}: this token {made}.")
            enough = next(role for role in Role if action in TABLE[role])
            raise PermissionDenied(
                f"You are {self.role.value} in {self.project.slug}. To {action.value} you need to be {enough.value}."
            )


def access_to(user: User | AnonymousUser, slug: str, action: Action = Action.VIEW) -> Access:
    """The project as this person sees it, if they may do `action` there.

    Raises:
        Outsider: there is no such project, or the person is not a member; a 404.
        PermissionDenied: a member, but of a role that is not enough.
    """
    if not isinstance(user, User):
        raise Outsider("No such project.")
    if user.scope is not None and not user.scope.covers(slug):
        raise Outsider("No such project.")
    try:
        membership = Membership.objects.select_related("project").get(project__slug=slug, user=user)
    except Membership.DoesNotExist:
        raise Outsider("No such project.") from None
    access = Access(project=membership.project, user=user, role=Role(membership.role))
    access.require(action)
    return access


def role_in(project_id: int, user: User) -> Role | None:
    """The person's role in a project now, None for an outsider."""
    role = Membership.objects.filter(project_id=project_id, user=user).values_list("role", flat=True).first()
    return Role(role) if role else None
