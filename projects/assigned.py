"""The roles that members were given, read from the rows as `projects.roles` weighs them."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import F, Q, QuerySet, Value

from projects.models import Environment, Membership
from projects.people.models import EnvironmentRole, GroupRole
from projects.protection.facts import Person
from projects.roles import Action, Assignment, Role, can, standing


def assignments_of(
    members: QuerySet[Membership], environments: Collection[Environment] = ()
) -> dict[Membership, list[Assignment]]:
    """What each of the members was given in the project and in those environments, in the members' order.

    Two queries, or one where no environment is named, however many members there are. A membership that came with a
    group is the project's only assignment by group: which of several groups counts is settled at sign-in.
    """
    rows = {member.pk: member for member in members.select_related("user", "given__group")}
    found = {member: [_in_project(member)] for member in rows.values()}
    if environments and rows:
        ours = members.values("pk")
        by_hand = EnvironmentRole.objects.filter(environment__in=environments, membership__in=ours)
        by_group = GroupRole.objects.filter(environment__in=environments, group__members__membership__in=ours)
        given = by_hand.order_by().values_list("membership", "role", Value(""), "environment__name", named=False)
        came = by_group.order_by().values_list(
            F("group__members__membership"), "role", "group__name", "environment__name", named=False
        )
        for key, role, group, environment in given.union(came, all=True):
            found[rows[key]].append(Assignment(Role(role), group, environment))
    return found


def people_of(environment: Environment, action: Action = Action.VIEW) -> list[Person]:
    """Everybody who may do that in the environment now, with their groups; neither programs nor closed accounts.

    Three queries, however many members there are. Whom nothing was given in the environment has the role they have in
    the project: of thousands that is nearly everybody, so only the others are weighed.
    """
    members = Membership.objects.filter(
        project=environment.project_id, user__is_active=True, user__service=None
    ).order_by("user__username")
    names = ("user__username", "user__first_name", "user__last_name")
    given, groups = _given_in(environment), _groups_of(environment)
    enough = [role.value for role in Role if can(role, action)]
    if len(enough) < len(Role):  # thousands may look; those who may approve are few
        members = members.filter(Q(role__in=enough) | Q(pk__in=list(given)))
    people = []
    for key, user, in_project, username, first, last in members.values_list("pk", "user", "role", *names):
        role: Role | None = Role(in_project)
        if key in given:
            role = standing([Assignment(Role(in_project)), *given[key]], environment.name).role
        if can(role, action) and role is not None:
            name = f"{first} {last}".strip() or username
            people.append(Person(user, username, name, role, frozenset(groups.get(key, ()))))
    return people


def _given_in(environment: Environment) -> dict[int, list[Assignment]]:
    """What was given in the environment, by membership, by hand and by group."""
    by_hand = EnvironmentRole.objects.filter(environment=environment).order_by()
    by_group = GroupRole.objects.filter(environment=environment, group__members__isnull=False).order_by()
    hands = by_hand.values_list("membership", "role", Value(""), named=False)
    rows = hands.union(by_group.values_list("group__members__membership", "role", "group__name", named=False), all=True)
    found: dict[int, list[Assignment]] = {}
    for key, role, group in rows:
        found.setdefault(key, []).append(Assignment(Role(role), group, environment.name))
    return found


def _groups_of(environment: Environment) -> dict[int, list[str]]:
    """Names of the groups that each membership of the project is in."""
    rows = Membership.objects.filter(project=environment.project_id, in_groups__isnull=False)
    found: dict[int, list[str]] = {}
    for key, name in rows.order_by().values_list("pk", "in_groups__group__name"):
        found.setdefault(key, []).append(name)
    return found


def _in_project(member: Membership) -> Assignment:
    given = getattr(member, "given", None)
    return Assignment(Role(member.role), group=given.group.name if given else "")
