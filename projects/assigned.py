"""The roles that members were given, read from the rows as `projects.roles` weighs them."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import F, QuerySet, Value

from projects.models import Environment, Membership
from projects.people.models import EnvironmentRole, GroupRole
from projects.protection.facts import Person
from projects.roles import Assignment, Role, standing


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


def people_of(environment: Environment) -> list[Person]:
    """Everybody with a role in the environment now, with the groups they are in; neither programs nor closed accounts.

    Three queries, however many members there are.
    """
    members = Membership.objects.filter(
        project=environment.project_id, user__is_active=True, user__service=None
    ).order_by("user__username")
    assigned = assignments_of(members, [environment])
    groups = _groups_of(environment)
    people = []
    for member, assignments in assigned.items():
        role = standing(assignments, environment.name).role
        if role is not None:
            user = member.user
            names = frozenset(groups.get(member.pk, ()))
            people.append(Person(id=user.pk, username=user.username, name=user.text, role=role, groups=names))
    return people


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
