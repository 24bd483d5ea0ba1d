"""Source bundles: what was uploaded, what is in it, and a new one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_http_methods

from projects.access import access_to
from projects.bundles import BundleError, read_zip
from projects.editing import add_source
from projects.forms import SourceForm
from projects.pages import page, posted
from projects.roles import Action


@require_http_methods(["GET", "POST"])
def sources(request: HttpRequest, slug: str) -> HttpResponse:
    """The list, and the upload form for those who may."""
    access = access_to(request.user, slug, Action.UPLOAD_SOURCE if request.method == "POST" else Action.VIEW)
    form = SourceForm(posted(request), request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["bundle"]
        try:
            bundle = read_zip(file)
        except BundleError as refusal:
            form.add_error("bundle", str(refusal))
        else:
            origin, branch = form.cleaned_data["origin"] or file.name, form.cleaned_data["branch"]
            source = add_source(project=access.project, bundle=bundle, origin=origin, author=access.user, branch=branch)
            messages.success(request, f"Source {source.short_digest} is registered, {len(source.files)} files.")
            return redirect("sources", slug)
    context = {
        "access": access,
        "tab": "sources",
        "form": form,
        "sources": access.project.sources.all()[:100],
    }
    return page(request, "projects/sources.html", context, status=422 if form.is_bound else 200)


@require_GET
def source(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The files of one bundle."""
    access = access_to(request.user, slug, Action.VIEW)
    shown = get_object_or_404(access.project.sources, pk=pk)
    return page(request, "projects/source.html", {"access": access, "tab": "sources", "shown": shown})
