"""strands.yaml: reading any revision, editing with problems at their line, and the difference before saving."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from projects.access import Access, access_to
from projects.configuration import Parsed, parse
from projects.editing import Conflict, save_configuration
from projects.forms import ConfigurationForm
from projects.highlighting import difference, lines_of
from projects.models import Configuration, Project
from projects.pages import page
from projects.roles import Action

FIRST = """project:
  name: {name}
  region: us-east-1

agents:
  - name: hello
    path: ./apps/hello
    handler: main.handler
    routes: ["POST /hello"]

shared:
  api_gateway: {{type: http}}
"""


@require_GET
def show(request: HttpRequest, slug: str, number: int | None = None) -> HttpResponse:
    """The latest revision, or the one of that number, and what it changed."""
    access = access_to(request.user, slug, Action.VIEW)
    revisions = access.project.configurations.all()
    shown = get_object_or_404(revisions, number=number) if number else revisions.first()
    context: dict[str, Any] = {"access": access, "tab": "configuration", "shown": shown}
    if shown is not None:
        before = revisions.filter(number=shown.number - 1).first()
        context |= {
            "lines": lines_of(shown.text),
            "revisions": revisions.defer("text")[:100],
            "before": before,
            "difference": difference(before.text, shown.text) if before else [],
            "parsed": parse(shown.text),
        }
    return page(request, "projects/configuration.html", context)


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """The editor; sending it leads to the difference, sending that saves."""
    access = access_to(request.user, slug, Action.EDIT_CONFIGURATION)
    latest = access.project.latest_configuration
    if request.method == "GET":
        return _editor(request, access, ConfigurationForm(initial=_start(access.project, latest)))
    form = ConfigurationForm(request.POST)
    parsed = parse(request.POST.get("text", "").replace("\r\n", "\n"))
    if not form.is_valid() or parsed.configuration is None:
        return _editor(request, access, form, parsed, status=422)
    if parsed.configuration.project.name != access.project.slug:
        form.add_error("text", f"project.name has to be {access.project.slug}, the name of this project.")
        return _editor(request, access, form, parsed, status=422)
    step = request.POST.get("step")
    if step == "edit":
        return _editor(request, access, form, parsed)
    if step != "save":
        return _confirm(request, access, form, latest)
    try:
        saved = save_configuration(
            project=access.project,
            text=form.cleaned_data["text"],
            author=access.user,
            message=form.cleaned_data["message"],
            base_number=form.cleaned_data["base"],
        )
    except Conflict as conflict:
        return _conflict(request, access, form, conflict.latest)
    messages.success(request, f"Saved as revision {saved.number}. Plan an environment to see what it would change.")
    return redirect("configuration", slug)


@require_POST
def check(request: HttpRequest, slug: str) -> HttpResponse:
    """The problems of a text being typed, as the editor's own fragment."""
    access = access_to(request.user, slug, Action.EDIT_CONFIGURATION)
    parsed = parse(request.POST.get("text", "").replace("\r\n", "\n"))
    context = {"access": access, "tab": "configuration", "parsed": parsed, "form": ConfigurationForm(request.POST)}
    return page(request, "projects/configuration_edit.html", context, fragment="problems")


def _start(project: Project, latest: Configuration | None) -> dict[str, Any]:
    if latest is None:
        return {"text": FIRST.format(name=project.slug), "base": None}
    return {"text": latest.text, "base": latest.number}


def _editor(
    request: HttpRequest, access: Access, form: ConfigurationForm, parsed: Parsed | None = None, status: int = 200
) -> HttpResponse:
    parsed = parsed or parse(str(form["text"].value() or ""))
    context = {"access": access, "tab": "configuration", "form": form, "parsed": parsed}
    return page(request, "projects/configuration_edit.html", context, status=status)


def _confirm(
    request: HttpRequest, access: Access, form: ConfigurationForm, latest: Configuration | None
) -> HttpResponse:
    """What saving would change, and the form again, unseen, with a button that saves."""
    changed = difference(latest.text if latest else "", form.cleaned_data["text"])
    context = {"access": access, "tab": "configuration", "form": form, "latest": latest, "difference": changed}
    return page(request, "projects/configuration_confirm.html", context)


def _conflict(request: HttpRequest, access: Access, form: ConfigurationForm, latest: Configuration) -> HttpResponse:
    """Somebody was quicker: their change, mine, and my text to go on from theirs; nothing is lost."""
    base = access.project.configurations.filter(number=form.cleaned_data["base"]).first()
    base_text = base.text if base else ""
    context = {
        "access": access,
        "tab": "configuration",
        "latest": latest,
        "base": base,
        "theirs": difference(base_text, latest.text),
        "mine": difference(base_text, form.cleaned_data["text"]),
        "form": form,
    }
    return page(request, "projects/configuration_conflict.html", context, status=409)
