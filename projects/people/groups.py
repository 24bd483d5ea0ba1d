"""A provider's groups as roles: kept in step at every sign-in, never touching what was given by hand."""

from __future__ import annotations

from collections.abc import Collection

from django.conf import settings
from django.db import transaction

from projects.audit.deeds import Deed
from projects.audit.writing import write
from projects.models import Membership, Project, User
from projects.people.models import GivenRole, GroupRole
from projects.roles import Role

STRENGTH = list(Role)  # from the least to the most


def providers_with_groups() -> dict[str, str]:
    """Id and name of the providers whose groups are read."""
    apps = settings.SOCIALACCOUNT_PROVIDERS["oidc"]["APPS"]
    return {app["provider_id"]: app["name"] for app in apps if app["settings"]["groups_claim"]}


def keep_in_step(*, user: User, provider: str, groups: Collection[str]) -> None:
    """Gives the person the roles their groups have now, and takes those that came with groups they left.

    Of several groups in a project the strongest role counts. Roles from other providers stay as they are.
    """
    with transaction.atomic():
        wanted: dict[int, GroupRole] = {}
        for each in GroupRole.objects.filter(provider=provider, group__in=groups):
            known = wanted.get(each.project_id)
            if known is None or STRENGTH.index(Role(known.role)) < STRENGTH.index(Role(each.role)):
                wanted[each.project_id] = each
        gone = Membership.objects.filter(user=user, given__provider=provider).exclude(project__in=wanted)
        for membership in gone.select_related("project", "given"):
            _note(Deed.MEMBER_REMOVED, membership.project, user, membership.given.group)
        gone.delete()
        for project in Project.objects.filter(pk__in=wanted):
            _give(project, user, wanted[project.pk])


def _give(project: Project, user: User, mapped: GroupRole) -> None:
    membership, made = Membership.objects.get_or_create(project=project, user=user, defaults={"role": mapped.role})
    ours = GivenRole.objects.filter(membership=membership, provider=mapped.provider)
    if made:
        GivenRole.objects.create(membership=membership, provider=mapped.provider, group=mapped.group)
        _note(Deed.MEMBER_ADDED, project, user, mapped.group, role=mapped.role)
    elif ours.exists():
        ours.update(group=mapped.group)
        if Membership.objects.filter(pk=membership.pk).exclude(role=mapped.role).update(role=mapped.role):
            _note(Deed.ROLE_CHANGED, project, user, mapped.group, role=mapped.role)


def _note(deed: Deed, project: Project, user: User, group: str, **more: object) -> None:
    write(deed, actor=None, project=project, target_type="member", target=user.text, detail={"group": group, **more})
