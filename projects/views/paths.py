"""The path of a project's promotions: everybody reads it, owners order it by buttons, and save what they see."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from projects import paths
from projects.access import Access, access_to
from projects.pages import page
from projects.paths import Path, PathConflict, PathRefused
from projects.roles import Action


@require_http_methods(["GET", "POST"])
def path(request: HttpRequest, slug: str) -> HttpResponse:
    """The path; of what is posted, `environment` is the order as it is now and `do` what becomes of it.

    `up:NAME`, `down:NAME`, `add:NAME`, `remove:NAME` and `usual` give the page with another order; `save` writes it.
    """
    access = access_to(request.user, slug, Action.MANAGE_ENVIRONMENTS if request.method == "POST" else Action.VIEW)
    saved = paths.path_of(access.project)
    if request.method == "GET":
        return _show(request, access, saved, saved.names)
    known = {each.name for each in access.project.environments.all()}
    names = [name for name in request.POST.getlist("environment") if name in known]
    base = request.POST.get("base", "")
    number = int(base) if base.isdecimal() and len(base) < 10 else -1
    do = request.POST.get("do", "")
    if do != "save":
        return _show(request, access, saved, _reordered(names, do, known), base=number)
    try:
        now = paths.change(project=access.project, names=names, base=number, actor=access.user)
    except PathConflict as conflict:
        return _show(request, access, conflict.latest, names, problem=str(conflict), status=409)
    except PathRefused as refusal:
        return _show(request, access, saved, names, problem=str(refusal), status=422)
    messages.success(request, f"The path is {now.words}.")
    return redirect("path", slug)


def _reordered(names: Sequence[str], do: str, known: set[str]) -> list[str]:
    what, _, name = do.partition(":")
    if what == "usual":
        return list(paths.usual_order(sorted(known)))
    found = [each for each in names if each != name] if what in ("add", "remove") else list(names)
    if what == "add" and name in known:
        found.append(name)
    if what in ("up", "down") and name in found:
        place = found.index(name)
        other = min(max(place + (1 if what == "down" else -1), 0), len(found) - 1)
        found[place], found[other] = found[other], found[place]
    return found


def _show(
    request: HttpRequest,
    access: Access,
    saved: Path,
    names: Sequence[str],
    *,
    base: int | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    environments = {each.name: each for each in access.project.environments.all()}
    usual = paths.usual_order(environments)
    context = {
        "access": access,
        "tab": "overview",
        "saved": saved,
        "base": saved.number if base is None else base,
        "draft": [environments[name] for name in names if name in environments],
        "others": [each for name, each in environments.items() if name not in names],
        "usual": paths.ARROW.join(usual) if usual and list(usual) != list(names) else "",
        "changed": tuple(names) != saved.names,
        "problem": problem,
        "conflict": status == 409,
        "moved": request.POST.get("do", "").partition(":")[2],
    }
    return page(request, "projects/path.html", context, fragment="path", status=status)
