"""A provider's groups as roles: kept in step at every sign-in, never touching what was given by hand."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import count

from django.conf import settings
from django.db import transaction

from projects.audit.deeds import Deed
from projects.audit.writing import write
from projects.models import Membership, Project, User
from projects.people.models import GivenRole, Group, GroupMember, GroupRole
from projects.roles import Role

STRENGTH = list(Role)  # from the least to the most


def providers_with_groups() -> dict[str, str]:
    """Id and name of the providers whose groups are read."""
    apps = settings.SOCIALACCOUNT_PROVIDERS["oidc"]["APPS"]
    return {app["provider_id"]: app["name"] for app in apps if app["settings"]["groups_claim"]}


def free_name(project: Project, claim: str) -> str:
    """A name for the group of a project that the provider knows as `claim`."""
    plain = "".join(each for each in claim if each.isprintable()).strip()[:80] or "group"
    taken = set(project.groups.filter(name__startswith=plain).values_list("name", flat=True))
    names = (plain if number == 1 else f"{plain} ({number})" for number in count(1))
    return next(name for name in names if name not in taken)


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
        for each in wanted.values():
            _give(each.group.project, user, each)
        GroupMember.objects.filter(membership__user=user, group__provider=provider).exclude(group__in=now).delete()
        mine = dict(Membership.objects.filter(user=user).values_list("project", "pk"))
        for group in now.filter(project__in=mine):
            GroupMember.objects.get_or_create(group=group, membership_id=mine[group.project_id])


def _strongest(mapped: Iterable[GroupRole]) -> dict[int, GroupRole]:
    """Of the roles by group, the one that counts in each project."""
    found: dict[int, GroupRole] = {}
    for each in mapped:
        known = found.get(each.group.project_id)
        if known is None or STRENGTH.index(Role(known.role)) < STRENGTH.index(Role(each.role)):
            found[each.group.project_id] = each
    return found


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


def _note(deed: Deed, project: Project, user: User, group: Group, **more: object) -> None:
    detail = {"group": group.name, **more}
    write(deed, actor=None, project=project, target_type="member", target=user.text, detail=detail)
