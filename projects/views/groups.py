"""The groups of a project: who is in them and which role they give where; owners change it."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from projects.access import Access, access_to
from projects.member_forms import GroupForm, GroupMemberForm, PlaceRoleForm
from projects.pages import asked, page, posted
from projects.people import grouping
from projects.people.groups import providers_with_groups
from projects.people.models import Group
from projects.roles import Action

PER_PAGE = 50


@require_http_methods(["GET", "POST"])
def groups(request: HttpRequest, slug: str) -> HttpResponse:
    """All of them, and a form for owners to make one."""
    access = access_to(request.user, slug, Action.MANAGE_MEMBERS if request.method == "POST" else Action.VIEW)
    providers = providers_with_groups()
    form = GroupForm(posted(request), project=access.project, providers=providers)
    if request.method == "POST" and form.is_valid():
        made = grouping.make(project=access.project, actor=access.user, **form.cleaned_data)
        messages.success(request, f"The group {made.name} is made. {_first(made)}")
        return redirect("group", slug, made.pk)
    context = {
        "access": access,
        "tab": "members",
        "form": form,
        "groups": access.project.groups.annotate(size=Count("members")).prefetch_related("roles__environment"),
    }
    return page(request, "projects/groups.html", context, status=422 if form.is_bound else 200)


@require_GET
def group(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One of them: its members, by the page from `?after=` on, and its roles."""
    access = access_to(request.user, slug)
    return _show(request, access, _found(access, pk))


@require_POST
def add(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Puts a member into it."""
    access = access_to(request.user, slug, Action.MANAGE_MEMBERS)
    found = _found(access, pk)
    form = GroupMemberForm(request.POST, project=access.project)
    if not form.is_valid():
        return _show(request, access, found, form=form)
    member = form.cleaned_data["username"]
    try:
        grouping.put_in(group=found, member=member, actor=access.user)
    except grouping.NotPossible as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{member.user.text} is in {found.name}.")
    return redirect("group", slug, pk)


@require_POST
def drop(request: HttpRequest, slug: str, pk: int, member: int) -> HttpResponse:
    """Takes a member out of it."""
    access = access_to(request.user, slug, Action.MANAGE_MEMBERS)
    found = _found(access, pk)
    leaving = get_object_or_404(access.project.memberships.select_related("user"), pk=member)
    try:
        grouping.take_out(group=found, member=leaving, actor=access.user)
    except grouping.NotPossible as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{leaving.user.text} is not in {found.name} any more.")
    return redirect("group", slug, pk)


@require_POST
def role(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Gives its members a role in one place, or takes it back."""
    access = access_to(request.user, slug, Action.MANAGE_MEMBERS)
    found = _found(access, pk)
    form = PlaceRoleForm(request.POST, project=access.project, whole=bool(found.provider))
    if not form.is_valid():
        return _show(request, access, found, role_form=form)
    place, given = form.cleaned_data["place"], form.cleaned_data["role"]
    grouping.give(group=found, environment=place, role=given, actor=access.user)
    where = place.name if place else "the project"
    messages.success(request, f"Members of {found.name} are {given or 'nothing by it'} in {where}.")
    return redirect("group", slug, pk)


@require_POST
def remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The group gives no role any more: whom it brought lose theirs at once."""
    access = access_to(request.user, slug, Action.MANAGE_MEMBERS)
    found = _found(access, pk)
    try:
        grouping.remove(group=found, actor=access.user)
    except grouping.NotPossible as refusal:
        messages.error(request, str(refusal))
        return redirect("group", slug, pk)
    messages.success(request, f"The group {found.name} is no more.")
    return redirect("groups", slug)


def _found(access: Access, pk: int) -> Group:
    return get_object_or_404(access.project.groups.select_related("project"), pk=pk)


def _first(made: Group) -> str:
    """What to do next."""
    if made.provider:
        return "Give it a role; people are in it from their next sign-in on."
    return "Put members into it, and give it roles."


def _show(request: HttpRequest, access: Access, found: Group, **refused: Form) -> HttpResponse:
    """The page, with the form that was refused, if there is one."""
    after = asked(request, "after")
    members = list(
        found.members.filter(membership__user__username__gt=after).select_related("membership__user")[: PER_PAGE + 1]
    )
    context = {
        "access": access,
        "tab": "members",
        "group": found,
        "provider": providers_with_groups().get(found.provider, found.provider),
        "members": members[:PER_PAGE],
        "next": members[PER_PAGE - 1].membership.user.username if len(members) > PER_PAGE else "",
        "roles": found.roles.select_related("environment"),
        "form": GroupMemberForm(project=access.project),
        "role_form": PlaceRoleForm(project=access.project, whole=bool(found.provider)),
    }
    return page(request, "projects/group.html", context | refused, status=422 if refused else 200)
