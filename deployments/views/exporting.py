"""An environment as files for other tools."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from deployments.exporting.export import FORMATS
from deployments.exporting.reading import export_of
from projects.access import access_to
from projects.audit.deeds import Deed
from projects.audit.writing import write as audit
from projects.pages import page
from projects.roles import Action


@require_GET
def export(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """What there is to download, and what CloudFormation could not take over."""
    access = access_to(request.user, slug, Action.VIEW, name)
    row = access.place
    made = export_of(row)
    context = {
        "access": access,
        "tab": "overview",
        "environment": row,
        "export": made,
        "formats": FORMATS.items() if made.state.resources else (),
        "not_importable": [(made.state.resources[key], why) for key, why in made.importable().reasons.items()],
    }
    return page(request, "deployments/export.html", context)


@require_GET
def export_file(request: HttpRequest, slug: str, name: str, file: str) -> HttpResponse:
    """One of the files."""
    access = access_to(request.user, slug, Action.VIEW, name)
    row = access.place
    made = export_of(row)
    form = FORMATS.get(file)
    if form is None or not made.state.resources:
        raise Http404("There is no such file of this environment.")
    audit(Deed.EXPORT_READ, actor=access.user, environment=row, target_type="file", target=file)
    return HttpResponse(
        form.make(made),
        content_type=form.media_type,
        headers={"Content-Disposition": f'attachment; filename="{made.name}-{file}"'},
    )
