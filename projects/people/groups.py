"""A provider's groups as roles: kept in step at every sign-in, never touching what was given by hand."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.conf import settings
from django.db import transaction

from projects.audit.deeds import Deed
from projects.audit.writing import write
from projects.models import Membership, Project, User
from projects.people.models import GivenRole, Group, GroupMember, GroupRole
from projects.people.presence import look_again
from projects.roles import STRENGTH, Role


def providers_with_groups() -> dict[str, str]:
    """Id and name of the providers whose groups are read."""
    apps = settings.SOCIALACCOUNT_PROVIDERS["oidc"]["APPS"]
    return {app["provider_id"]: app["name"] for app in apps if app["settings"]["groups_claim"]}


def keep_in_step(*, user: User, provider: str, groups: Collection[str]) -> None:
    """Puts the person into the groups they are in now, and takes them out of those they left.

    Where a group gives a role in the project, they get it, and lose it with the group; of several groups in a project
    the strongest role counts. Roles from other providers stay as they are.
    """
    with transaction.atomic():
        now = Group.objects.filter(provider=provider, claim__in=groups)
        mapped = GroupRole.objects.filter(group__in=now, environment=None).select_related("group__project")
        wanted = _strongest(mapped)
        gone = Membership.objects.filter(user=user, given__group__provider=provider).exclude(project__in=wanted)
        for membership in gone.select_related("project", "given__group"):
            _note(Deed.MEMBER_REMOVED, membership.project, user, membership.given.group)
        gone.delete()
        look_again(user.pk)
        for role in wanted.values():
            _give(role.group.project, user, role)
        left = GroupMember.objects.filter(membership__user=user, group__provider=provider).exclude(group__in=now)
        for each in left.select_related("group__project"):
            _move(Deed.GROUP_LEFT, each.group, user)
        left.delete()
        mine = dict(Membership.objects.filter(user=user).values_list("project", "pk"))
        for group in now.filter(project__in=mine).select_related("project"):
            if GroupMember.objects.get_or_create(group=group, membership_id=mine[group.project_id])[1]:
                _move(Deed.GROUP_JOINED, group, user)


def _strongest(mapped: Iterable[GroupRole]) -> dict[int, GroupRole]:
    """Of the roles by group, the one that counts in each project."""
    found: dict[int, GroupRole] = {}
    for each in mapped:
        known = found.get(each.group.project_id)
        if known is None or STRENGTH.index(Role(known.role)) < STRENGTH.index(Role(each.role)):
            found[each.group.project_id] = each
    return found


def settle(*, project: Project, provider: str, actor: User) -> None:
    """After an owner changed what a provider's groups give: whom they brought has what they give now, or goes."""
    came = project.memberships.filter(given__group__provider=provider).select_related("user", "given__group")
    for membership in came:
        mine = GroupRole.objects.filter(
            environment=None, group__provider=provider, group__members__membership=membership
        )
        best = _strongest(mine.select_related("group")).get(project.pk)
        if best is None:
            _note(Deed.MEMBER_REMOVED, project, membership.user, membership.given.group, actor)
            membership.delete()
            look_again(membership.user_id)
            continue
        GivenRole.objects.filter(membership=membership).update(group=best.group)
        if best.role != membership.role:
            Membership.objects.filter(pk=membership.pk).update(role=best.role)
            _note(Deed.ROLE_CHANGED, project, membership.user, best.group, actor, role=best.role)


def _give(project: Project, user: User, mapped: GroupRole) -> None:
    membership, made = Membership.objects.get_or_create(project=project, user=user, defaults={"role": mapped.role})
    ours = GivenRole.objects.filter(membership=membership, group__provider=mapped.group.provider)
    if made:
        GivenRole.objects.create(membership=membership, group=mapped.group)
        _note(Deed.MEMBER_ADDED, project, user, mapped.group, role=mapped.role)
    elif ours.exists():
        ours.update(group=mapped.group)
        if Membership.objects.filter(pk=membership.pk).exclude(role=mapped.role).update(role=mapped.role):
            _note(Deed.ROLE_CHANGED, project, user, mapped.group, role=mapped.role)


def _note(deed: Deed, project: Project, user: User, group: Group, actor: User | None = None, **more: object) -> None:
    detail = {"group": group.name, **more}
    write(deed, actor=actor, project=project, target_type="member", target=user.text, detail=detail)


def _move(deed: Deed, group: Group, user: User) -> None:
    detail = {"member": user.text}
    write(deed, actor=None, project=group.project, target_type="group", target=group.name, detail=detail)
