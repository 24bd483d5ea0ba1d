"""The gate of every view and socket: who sees a project at all, and what they may do in it or in one environment.

An outsider gets 404 for everything of a project, so that its existence stays unknown; a member whose role is not
enough gets 403 with a sentence that says which role would be. The role in an environment decides what is done there:
whoever knows the environment asks with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import BooleanField, F, Func, QuerySet
from django.http import Http404

from projects.assigned import assignments_of, people_of
from projects.models import Environment, Membership, Project, User
from projects.roles import EVERYWHERE, FOR_TOKENS, TABLE, Action, Role, can, standing

__all__ = ["Access", "Outsider", "access_to", "environments_where", "people_of", "role_in"]


class Outsider(Http404):
    """Somebody asked for a project they are not a member of; answered as if there were none."""


@dataclass(frozen=True, slots=True)
class Access:
    """A project, or one `environment` of it, as one person sees it; `role` is theirs in that place."""

    project: Project
    user: User
    role: Role
    role_in_project: Role
    environment: Environment | None = None

    @property
    def place(self) -> Environment:
        """The environment that was asked with."""
        assert self.environment is not None, "this is the project"
        return self.environment

    def can(self, action: Action) -> bool:
        """Whether this person, or the token that acts for them, may do that here."""
        return can(self._role_for(action), action, self.user.scope)

    @property
    def may(self) -> dict[str, bool]:
        """For templates: `access.may.PROPOSE`."""
        return {action.name: self.can(action) for action in Action}

    def require(self, action: Action) -> None:
        """Raises PermissionDenied (403) with a sentence for people when the role is not enough."""
        if not self.can(action):
            role = self._role_for(action)
            if can(role, action):
                made = "is not made for that" if action in FOR_TOKENS else "can never do that; a person has to"
                raise PermissionDenied(f"To {action.value}: this token {made}.")
            enough = next(role for role in Role if action in TABLE[role])
            place = self.environment if self.environment and action not in EVERYWHERE else self.project
            raise PermissionDenied(f"You are {role.value} in {place}. To {action.value} you need to be {enough.value}.")

    def within(self, environment: Environment) -> Access:
        """The same person in an environment of the project.

        Raises:
            Outsider: the token that acts for them does not reach it.
        """
        scope = self.user.scope
        if scope is not None and not scope.covers(self.project.slug, environment.name):
            raise Outsider("No such environment.")
        role = role_in(self.project.pk, self.user, environment)
        if role is None:
            raise Outsider("No such project.")  # they left it a moment ago
        return replace(self, role=_seen(self.user, self.project, role), environment=environment)

    def _role_for(self, action: Action) -> Role:
        return self.role_in_project if action in EVERYWHERE else self.role


def access_to(user: User | AnonymousUser, slug: str, action: Action = Action.VIEW, environment: str = "") -> Access:
    """The project, or its environment of that name, as this person sees it, if they may do `action` there.

    Raises:
        Outsider: there is no such project, or the person is not a member; a 404.
        Http404: the project has no such environment.
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
    role = _seen(user, membership.project, Role(membership.role))
    access = Access(project=membership.project, user=user, role=role, role_in_project=role)
    if environment:
        place = Environment.objects.select_related("project").filter(project=access.project, name=environment).first()
        if place is None:
            raise Http404("No such environment.")
        access = access.within(place)
    access.require(action)
    return access


def _seen(user: User, project: Project, role: Role) -> Role:
    return user.view_as.narrows(project.slug, role) if user.view_as else role


def role_in(project_id: int, user: User, environment: Environment | None = None) -> Role | None:
    """The person's role now, in the project or in an environment of it; None for an outsider."""
    members = Membership.objects.filter(project=project_id, user=user)
    for assignments in assignments_of(members, [environment] if environment else []).values():
        return standing(assignments, environment.name if environment else "").role
    return None


def environments_where(user: User, action: Action) -> QuerySet[Environment]:
    """The environments, of all projects, in which `access_to` would let this person do that, as one query.

    What is done to a project as a whole (`roles.EVERYWHERE`) is done in no environment.
    """
    scope, view_as = user.scope, user.view_as
    if action in EVERYWHERE or (scope is not None and not scope.permits(action)):
        return Environment.objects.none()
    found = Environment.objects.filter(project__memberships__user=user)
    if not all(action in actions for actions in TABLE.values()):
        found = found.filter(Func(F("pk"), template=_held(action, user.pk), output_field=BooleanField()))
    if scope is not None and scope.project:
        found = found.filter(project__slug=scope.project)
    if scope is not None and scope.environment:
        found = found.filter(name=scope.environment)
    if view_as is not None and not can(view_as.role, action):
        found = found.exclude(project__slug=view_as.project)
    return found


def _held(action: Action, user_id: int) -> str:
    """The condition behind `environments_where`, on the key of an environment.

    Written out, since the header of every page asks by it: built of querysets it took 20 ms of each.
    """
    enough = ", ".join(f"'{role.value}'" for role, actions in TABLE.items() if action in actions)
    of_mine = f"JOIN projects_membership mine ON mine.id = {{}}.membership_id AND mine.user_id = {user_id:d}"
    by_hand = f"SELECT given.environment_id FROM people_environmentrole given {of_mine.format('given')}"  # noqa: S608
    by_group = (
        "SELECT given.environment_id FROM people_grouprole given "  # noqa: S608
        f"JOIN people_groupmember among ON among.group_id = given.group_id {of_mine.format('among')} "
        "WHERE given.environment_id IS NOT NULL"
    )
    return f"""EXISTS (
        SELECT 1 FROM projects_environment place
        JOIN projects_membership mine ON mine.project_id = place.project_id AND mine.user_id = {user_id:d}
        WHERE place.id = %(expressions)s AND CASE
            WHEN place.id IN ({by_hand}) THEN place.id IN ({by_hand} WHERE given.role IN ({enough}))
            WHEN place.id IN ({by_group}) THEN place.id IN ({by_group} AND given.role IN ({enough}))
            ELSE mine.role IN ({enough})
        END
    )"""  # noqa: S608 - made of this module's own words and a number
