"""Who is in a project and as what; owners change it."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.db.models import Prefetch, Q, QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from projects.access import Access, access_to
from projects.audit.deeds import Deed
from projects.audit.writing import write as audit
from projects.member_forms import InvitationForm, MemberForm, PlaceRoleForm, RoleForm, is_last_owner
from projects.models import Environment, Membership, Project, User
from projects.pages import asked, page, posted
from projects.people.models import EnvironmentRole, GivenRole
from projects.people.presence import look_again
from projects.roles import Action, Role

PER_PAGE = 50


@require_http_methods(["GET", "POST"])
def members(request: HttpRequest, slug: str) -> HttpResponse:
    """The list, by the page from `?after=` on, `?text=` of it; and a form for owners to add somebody."""
    access = access_to(request.user, slug, Action.MANAGE_MEMBERS if request.method == "POST" else Action.VIEW)
    form = MemberForm(posted(request))
    if request.method == "POST" and form.is_valid():
        person = form.cleaned_data["username"]
        role = form.cleaned_data["role"]
        with transaction.atomic():
            _, added = Membership.objects.get_or_create(project=access.project, user=person, defaults={"role": role})
            if added:
                _audit(Deed.MEMBER_ADDED, access, person, after=role)
        if added:
            messages.success(request, f"{person.text} is now {role}.")
            return redirect("members", slug)
        form.add_error("username", f"{person.text} is a member already; change the role in the list.")
    return show(request, access, form=form)


def show(request: HttpRequest, access: Access, status: int = 0, **more: Form | str) -> HttpResponse:
    """The page, with the form that was refused or the link that is shown once, if there is one."""
    text, after = asked(request, "text"), asked(request, "after")
    found = list(_named(access.project, text).filter(user__username__gt=after)[: PER_PAGE + 1])
    query = request.GET.copy()
    if len(found) > PER_PAGE:
        query["after"] = found[PER_PAGE - 1].user.username
    context = {
        "access": access,
        "tab": "members",
        "form": MemberForm(),
        "members": found[:PER_PAGE],
        "more": query.urlencode() if len(found) > PER_PAGE else "",
        "text": text,
        "narrowed": bool(text or after),
        "roles": list(Role),
        "environments": list(access.project.environments.all()),
        "invitation_form": InvitationForm(),
        "invitations": access.project.invitations.pending(),
        "mail": settings.MAIL,
    }
    status = status or (422 if request.method == "POST" else 200)
    return page(request, "projects/members.html", context | more, status=status)


@require_POST
def change_role(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Gives a member another role."""
    access = access_to(request.user, slug, Action.MANAGE_MEMBERS)
    with transaction.atomic():
        membership = _locked(access.project, pk)
        form = RoleForm(request.POST, membership=membership)
        if form.is_valid():
            before, membership.role = membership.role, form.cleaned_data["role"]
            membership.save(update_fields=["role"])
            GivenRole.objects.filter(membership=membership).delete()  # from now on it is given by hand
            _audit(Deed.ROLE_CHANGED, access, membership.user, before=before, after=membership.role)
            messages.success(request, f"{membership.user.text} is now {membership.role}.")
        else:
            messages.error(request, " ".join(map(str, form.errors["role"])))
    return redirect("members", slug)


@require_POST
def change_place(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Gives a member another role in one environment than they have in the project, or takes it back."""
    access = access_to(request.user, slug, Action.MANAGE_MEMBERS)
    with transaction.atomic():
        membership = _locked(access.project, pk)
        form = PlaceRoleForm(request.POST, project=access.project)
        if not form.is_valid():
            messages.error(request, "Choose an environment of the project, and a role.")
            return redirect("members", slug)
        place, role = form.cleaned_data["place"], form.cleaned_data["role"]
        theirs = EnvironmentRole.objects.filter(membership=membership, environment=place)
        before = theirs.values_list("role", flat=True).first()
        if role is None:
            theirs.delete()
        else:
            EnvironmentRole.objects.update_or_create(
                membership=membership, environment=place, defaults={"role": role.value}
            )
        if before != role:
            roles = {"before": before or "", "after": role.value if role else ""}
            _audit(Deed.ROLE_GIVEN if role else Deed.ROLE_TAKEN, access, membership.user, place, **roles)
    told = f"is now {role.value} in {place.name}" if role else f"has no role of their own in {place.name} any more"
    messages.success(request, f"{membership.user.text} {told}.")
    return redirect("members", slug)


@require_POST
def remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Takes somebody out of the project; their deployments and approvals stay as history."""
    access = access_to(request.user, slug, Action.MANAGE_MEMBERS)
    with transaction.atomic():
        membership = _locked(access.project, pk)
        if is_last_owner(membership):
            messages.error(request, "A project needs at least one owner.")
        else:
            membership.delete()
            _audit(Deed.MEMBER_REMOVED, access, membership.user, before=membership.role)
            look_again(membership.user_id)
            messages.success(request, f"{membership.user.text} is no longer a member.")
    return redirect("members", slug)


def _named(project: Project, text: str) -> QuerySet[Membership]:
    """The members by username whose name has that in it; empty text: all. Service accounts have a page of their own."""
    people = (
        project.memberships.filter(user__service=None)
        .select_related("user", "given__group")
        .prefetch_related(Prefetch("environment_roles", EnvironmentRole.objects.select_related("environment")))
    )
    for word in text.split():
        people = people.filter(
            Q(user__username__icontains=word) | Q(user__first_name__icontains=word) | Q(user__last_name__icontains=word)
        )
    return people


def _locked(project: Project, pk: int) -> Membership:
    """The membership, while nobody else changes who is in the project (two owners removing each other)."""
    Project.objects.select_for_update().get(pk=project.pk)
    people = project.memberships.filter(user__service=None)  # service accounts have a page of their own
    return get_object_or_404(people.select_related("user", "project"), pk=pk)


def _audit(deed: Deed, access: Access, member: User, environment: Environment | None = None, **roles: str) -> None:
    audit(
        deed,
        actor=access.user,
        project=access.project,
        environment=environment,
        target_type="member",
        target=member.text,
        detail=roles,
    )
