"""A new project."""

from __future__ import annotations

from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from projects.editing import create_project
from projects.forms import ProjectForm
from projects.models import User
from projects.pages import page, posted


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Anybody who can sign in may start a project, and owns it."""
    assert isinstance(request.user, User)
    form = ProjectForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            project = create_project(owner=request.user, **form.cleaned_data)
        except IntegrityError:  # somebody took the name between the check and now
            form.add_error("slug", "This name is taken.")
        else:
            messages.success(request, "The project is made. Next: its configuration.")
            return redirect("configuration-edit", project.slug)
    return page(request, "projects/new.html", {"form": form}, status=422 if form.is_bound else 200)
