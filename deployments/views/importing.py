"""Taking over what exists: a page that names it, then a plan like any other."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from deployments import imports
from deployments.errors import WorkflowError
from deployments.forms import ImportForm, StateForm
from deployments.models import Method
from projects.access import Access, access_to
from projects.models import Environment
from projects.pages import page, posted
from projects.roles import Action


@require_http_methods(["GET", "POST"])
def resources(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Names resources by logical and physical id, and proposes."""
    access = access_to(request.user, slug, Action.MANAGE_ENVIRONMENTS, name)
    row = access.place
    form = ImportForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            found = imports.propose(environment=row, actor=access.user, method=Method.WEB, **form.cleaned_data)
        except WorkflowError as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("deployment", slug, found.public_id)
    return _page(request, access, row, form, StateForm())


@require_POST
def state(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Takes a state file, and proposes to import everything it names."""
    access = access_to(request.user, slug, Action.MANAGE_ENVIRONMENTS, name)
    row = access.place
    form = StateForm(request.POST, request.FILES)
    if form.is_valid():
        document = form.cleaned_data["file"]
        try:
            found = imports.propose_state(environment=row, actor=access.user, method=Method.WEB, document=document)
        except WorkflowError as refusal:
            form.add_error("file", str(refusal))
        else:
            return redirect("deployment", slug, found.public_id)
    return _page(request, access, row, ImportForm(), form)


def _page(
    request: HttpRequest, access: Access, row: Environment, form: ImportForm, state_form: StateForm
) -> HttpResponse:
    context = {
        "access": access,
        "tab": "overview",
        "environment": row,
        "form": form,
        "state_form": state_form,
        "missing": imports.missing(row),
        "is_empty": not row.resources.exists(),
    }
    return page(request, "deployments/import.html", context, status=422 if form.errors or state_form.errors else 200)
