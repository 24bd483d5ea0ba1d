"""Which groups of a provider have which role in a project; owners change it."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from projects.access import access_to
from projects.forms import GroupForm
from projects.people.groups import free_name, providers_with_groups
from projects.people.models import Group, GroupRole
from projects.roles import Action
from projects.views.members import show


@require_POST
def add(request: HttpRequest, slug: str) -> HttpResponse:
    """Maps a group to a role; people get it when they sign in next."""
    access = access_to(request.user, slug, Action.MANAGE_MEMBERS)
    form = GroupForm(request.POST, providers=providers_with_groups())
    if not form.is_valid():
        return show(request, access, group_form=form)
    told = form.cleaned_data
    with transaction.atomic():
        group = access.project.groups.filter(provider=told["provider"], claim=told["group"]).first()
        if group is None:
            name = free_name(access.project, told["group"])
            group = Group.objects.create(
                project=access.project, name=name, provider=told["provider"], claim=told["group"]
            )
        GroupRole.objects.update_or_create(group=group, environment=None, defaults={"role": told["role"]})
    messages.success(request, f"Members of {told['group']} are {told['role']} from their next sign-in on.")
    return redirect("members", slug)


@require_POST
def remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The group no longer gives a role: whom it brought lose theirs at once."""
    access = access_to(request.user, slug, Action.MANAGE_MEMBERS)
    group = get_object_or_404(access.project.groups, pk=pk)
    with transaction.atomic():
        access.project.memberships.filter(given__group=group).delete()
        group.delete()
    messages.success(request, f"Members of {group.name} have no role by their group any more.")
    return redirect("members", slug)
