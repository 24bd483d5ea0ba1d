"""Which groups of a provider have which role in a project; owners change it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from projects.access import access_to
from projects.forms import GroupForm
from projects.people.groups import providers_with_groups
from projects.people.models import GroupRole
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
    GroupRole.objects.update_or_create(
        project=access.project, provider=told["provider"], group=told["group"], defaults={"role": told["role"]}
    )
    messages.success(request, f"Members of {told['group']} are {told['role']} from their next sign-in on.")
    return redirect("members", slug)


@require_POST
def remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The group no longer gives a role: whom it brought lose theirs at once."""
    access = access_to(request.user, slug, Action.MANAGE_MEMBERS)
    mapped = get_object_or_404(access.project.group_roles, pk=pk)
    came = access.project.memberships.filter(given__provider=mapped.provider, given__group=mapped.group)
    came.delete()
    mapped.delete()
    messages.success(request, f"Members of {mapped.group} have no role by their group any more.")
    return redirect("members", slug)
