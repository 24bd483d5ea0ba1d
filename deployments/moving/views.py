"""A whole project down to one's machine, for its owners; and up from it, for administrators."""

from __future__ import annotations

from pathlib import Path
from tempfile import NamedTemporaryFile

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_GET, require_POST

from deployments.moving.forms import ImportForm
from deployments.moving.opening import ArchiveRefused
from deployments.moving.taking_in import TakenIn, take_in
from deployments.moving.writing import archive
from history.export_views import streamed
from history.store import StoreError
from history.views import explains_unreadable
from projects.access import access_to
from projects.administrators import administrator
from projects.audit.deeds import Deed
from projects.audit.writing import write as audit
from projects.models import User
from projects.pages import page
from projects.roles import Action


@require_GET
@explains_unreadable
def export(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """Everything of the project; for who may manage its environments, as all of them are in it."""
    access = access_to(request.user, slug, Action.MANAGE_ENVIRONMENTS)
    name = f"{slug}-project.zip"
    response = streamed(request, archive(access.project), name)
    audit(Deed.PROJECT_EXPORTED, actor=access.user, project=access.project, target_type="file", target=name)
    return response


@require_GET
def asking(request: HttpRequest) -> HttpResponse:
    """The form."""
    administrator(request)
    return page(request, "moving/import.html", {"form": ImportForm()})


@require_POST
def taking_in(request: HttpRequest) -> HttpResponse:
    """Verifies and imports; the form again, with what became of the archive."""
    actor = administrator(request)
    form = ImportForm(request.POST, request.FILES)
    context: dict[str, object] = {"form": form}
    if form.is_valid():
        try:
            context["done"] = _taken_in(form, actor)
        except ArchiveRefused as refusal:
            form.add_error("archive", str(refusal))
        except StoreError as error:
            form.add_error("archive", f"{error}. Import it again when that is mended: what is written is not lost.")
    return page(request, "moving/import.html", context, fragment="import", status=422 if form.errors else 200)


def _taken_in(form: ImportForm, actor: User) -> TakenIn:
    with NamedTemporaryFile(suffix=".zip") as kept:
        for part in form.cleaned_data["archive"].chunks():
            kept.write(part)
        kept.flush()
        return take_in(
            Path(kept.name), owner=form.cleaned_data["owner"], actor=actor, believed=form.cleaned_data["key"]
        )
