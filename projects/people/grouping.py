"""The groups of a project as its owners make them: who is in them, and which role they give where."""

from __future__ import annotations

from django.db import transaction

from projects import protecting
from projects.audit.deeds import Deed
from projects.audit.writing import write
from projects.models import Environment, Membership, Project, User
from projects.people import groups
from projects.people.models import Group, GroupMember, GroupRole
from projects.roles import Role


class NotPossible(Exception):
    """Why not, as a sentence that says what to do instead."""


def make(*, project: Project, name: str, provider: str = "", claim: str = "", actor: User) -> Group:
    """A group, of members chosen by hand or of those a provider says are in its group `claim`."""
    with transaction.atomic():
        group = Group.objects.create(project=project, name=name, provider=provider, claim=claim)
        _note(Deed.GROUP_MADE, group, actor, provider=provider, claim=claim)
    return group


def remove(*, group: Group, actor: User) -> None:
    """The group is no more, nor any role it gave; whom its provider brought lose theirs at once.

    Raises:
        NotPossible: a protection counts on its members, and would wait for nobody for ever.
    """
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=group.project_id)
        if asking := [each.name for each in group.project.environments.all() if _names(each, group)]:
            places = ", ".join(asking)
            raise NotPossible(f"The protection of {places} asks for approvals of {group.name}. Change that first.")
        group.members.all().delete()
        group.roles.all().delete()
        if group.provider:
            groups.settle(project=group.project, provider=group.provider, actor=actor)
        group.delete()
        _note(Deed.GROUP_REMOVED, group, actor)


def put_in(*, group: Group, member: Membership, actor: User) -> None:
    """The member is in the group from now on.

    Raises:
        NotPossible: a sign-in provider says who is in it.
    """
    _by_hand(group)
    with transaction.atomic():
        if GroupMember.objects.get_or_create(group=group, membership=member)[1]:
            _note(Deed.GROUP_JOINED, group, actor, member=member.user.text)


def take_out(*, group: Group, member: Membership, actor: User) -> None:
    """The member is in the group no longer.

    Raises:
        NotPossible: a sign-in provider says who is in it.
    """
    _by_hand(group)
    with transaction.atomic():
        if GroupMember.objects.filter(group=group, membership=member).delete()[0]:
            _note(Deed.GROUP_LEFT, group, actor, member=member.user.text)


def give(*, group: Group, environment: Environment | None, role: Role | None, actor: User) -> None:
    """The group's members have that role in the environment, or in the project, from now on; None takes it back.

    Raises:
        NotPossible: a group chosen by hand has members of the project, who have their roles in it already.
    """
    if environment is None and not group.provider:
        raise NotPossible("Members have their roles in the project by hand. Choose an environment for the group's.")
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=group.project_id)
        before = GroupRole.objects.filter(group=group, environment=environment).first()
        if (before.role if before else None) == role:
            return
        if role is None:
            GroupRole.objects.filter(group=group, environment=environment).delete()
        else:
            GroupRole.objects.update_or_create(group=group, environment=environment, defaults={"role": role})
        if environment is None:
            groups.settle(project=group.project, provider=group.provider, actor=actor)
        told = {"before": before.role if before else "", "after": role.value if role else ""}
        _note(Deed.GROUP_ROLE_GIVEN if role else Deed.GROUP_ROLE_TAKEN, group, actor, environment, **told)


def _names(environment: Environment, group: Group) -> bool:
    """Whether the environment's protection asks for approvals of the group's members."""
    asked = protecting.in_force(environment).protection.approvals
    return any(group.name in requirement.groups for requirement in asked)


def _by_hand(group: Group) -> None:
    if group.provider:
        raise NotPossible(f"Who is in {group.name} is what {group.provider} says when they sign in.")


def _note(deed: Deed, group: Group, actor: User, environment: Environment | None = None, **detail: str) -> None:
    write(
        deed,
        actor=actor,
        project=group.project,
        environment=environment,
        target_type="group",
        target=group.name,
        detail=detail,
    )
