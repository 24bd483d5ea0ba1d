"""Editing what an environment asks for: inputs or JSON, then the differences in words, then a revision."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from deployments.telling.protections import tell_of_change
from deployments.views.protection import about, next_times, pretty
from projects import protecting
from projects.access import Access, access_to, people_of
from projects.models import RevisionState
from projects.pages import page
from projects.paths import path_of
from projects.protecting import Conflict
from projects.protection.comparing import differences
from projects.protection.doubting import doubts
from projects.protection.fields import Mistake
from projects.protection.model import Protection
from projects.protection.reading import Unreadable, read_json
from projects.protection_editor import (
    ROWS,
    Editor,
    Known,
    Typed,
    numbered,
    typed_of,
    with_row,
    without_row,
    zones,
)
from projects.roles import Action

LONGEST_JSON = 200_000
MOST_NAMES = 100


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """The editor; the button that sent it says what comes next, and only `save` writes anything."""
    access = access_to(request.user, slug, Action.MANAGE_ENVIRONMENTS, name)
    if request.method == "GET":
        return _inputs(request, access, typed_of(_start(access)))
    what, _, rest = request.POST.get("do", "review").partition(":")
    if request.POST.get("as") == "json":
        text = request.POST.get("text", "").replace("\r\n", "\n")
        try:
            protection = read_json(text) if len(text) <= LONGEST_JSON else _too_long()
        except Unreadable as unreadable:
            return _json(request, access, text, unreadable.mistakes, status=422)
        if what == "form":
            return _inputs(request, access, typed_of(protection))
        return _next(request, access, protection, what)
    typed = numbered(request.POST)
    if what in ("add", "remove"):
        return _inputs(request, access, _rows_changed(typed, what, rest))
    editor = Editor(typed, _known(access))
    protection_or_none = editor.read()
    if what == "json":
        return _json(request, access, json.dumps(editor.as_data(), indent=2, ensure_ascii=False))
    if protection_or_none is None:
        return _inputs(request, access, typed, editor, status=422)
    if what == "times":
        return _inputs(request, access, typed, editor)
    return _next(request, access, protection_or_none, what)


def _next(request: HttpRequest, access: Access, protection: Protection, what: str) -> HttpResponse:
    """Saves, or shows what saving would do."""
    base, message = _base(request), request.POST.get("message", "").replace("\0", "").strip()[:200]
    if what == "json":
        return _json(request, access, pretty(protection))
    if what != "save":
        return _review(request, access, protection)
    try:
        with transaction.atomic():
            saved = protecting.propose_change(
                environment=access.place, protection=protection, author=access.user, message=message, base_number=base
            )
            if saved is not None:
                tell_of_change(saved, access.user)
    except Conflict as conflict:
        return _conflict(request, access, protection, conflict)
    if saved is None:
        messages.info(request, "Nothing changed: that is in force, or waits, already.")
    elif saved.state == RevisionState.WAITS:
        messages.success(request, f"Revision {saved.number} waits for the consent of another owner.")
    else:
        messages.success(request, f"Revision {saved.number} is in force.")
    return redirect("protection", access.project.slug, access.place.name)


def _start(access: Access) -> Protection:
    """What an edit starts from: what waits, or else what is in force."""
    waits = protecting.waiting(access.place)
    return read_json(waits.text) if waits else protecting.in_force(access.place).protection


def _base(request: HttpRequest) -> int:
    """The number of the revision the edit started from."""
    given = request.POST.get("base", "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 9 else -1


def _common(request: HttpRequest, access: Access) -> dict[str, Any]:
    """What all of the editor's pages keep: from where the edit started, and the message."""
    waits = protecting.waiting(access.place)
    start = waits.number if waits else protecting.in_force(access.place).number
    return about(access) | {
        "base": _base(request) if request.method == "POST" else start,
        "message": request.POST.get("message", "")[:200],
        "waits": waits,
    }


def _inputs(
    request: HttpRequest, access: Access, typed: Typed, editor: Editor | None = None, status: int = 200
) -> HttpResponse:
    editor, do, now = editor or Editor(typed, _known(access)), request.POST.get("do", ""), timezone.now()
    if do == "add:approvals":
        editor.approvals[-1].fields["count"].widget.attrs["autofocus"] = True
    elif do == "add:freezes":
        editor.freezes[-1].fields["name"].widget.attrs["autofocus"] = True
    context = _common(request, access) | {
        "editor": editor,
        "freezes": [(form, form.upcoming(now) if do == "times" else None) for form in editor.freezes],
        "zones": zones(),
        "do": do,
        "refused": status == 422,
    }
    return page(request, "protection/edit.html", context, fragment="editor", status=status)


def _json(
    request: HttpRequest, access: Access, text: str, mistakes: tuple[Mistake, ...] = (), status: int = 200
) -> HttpResponse:
    context = _common(request, access) | {"text": text, "mistakes": mistakes}
    return page(request, "protection/edit_json.html", context, status=status)


def _review(request: HttpRequest, access: Access, protection: Protection) -> HttpResponse:
    people = people_of(access.place)
    names = access.project.environments.exclude(pk=access.place.pk).values_list("name", flat=True)
    now = protecting.in_force(access.place)
    owners = protecting.owners_of(access.place)
    context = _common(request, access) | {
        "in_force": now,
        "changes": differences(now.protection, protection),
        "doubts": doubts(protection, people, set(names), path_of(access.project).before(access.place.name)),
        "times": next_times(protection),
        "text": pretty(protection),
        "protected": now.protection != Protection(),
        "others": [owner.name for owner in owners if owner.id != access.user.pk],
    }
    return page(request, "protection/review.html", context)


def _conflict(request: HttpRequest, access: Access, protection: Protection, conflict: Conflict) -> HttpResponse:
    """Somebody was quicker: their change, mine, and mine to go on with; nothing is lost."""
    now = protecting.in_force(access.place).protection
    theirs = _start(access)
    context = _common(request, access) | {
        "base": conflict.latest,
        "conflict": conflict,
        "theirs": differences(now, theirs),
        "mine": differences(now, protection),
        "text": pretty(protection),
    }
    return page(request, "protection/conflict.html", context, status=409)


def _rows_changed(typed: Typed, what: str, rest: str) -> Typed:
    name, _, index = rest.partition(":")
    if name not in ROWS:
        return typed
    if what == "add":
        return with_row(typed, name)
    return without_row(typed, name, int(index)) if index.isascii() and index.isdecimal() else typed


def _known(access: Access) -> Known:
    """Who and what can be chosen; of very many people the first by name, others can be named in the JSON."""
    approvers = people_of(access.place, Action.APPROVE)
    groups = access.project.groups.values_list("name", flat=True)
    environments = access.project.environments.exclude(pk=access.place.pk).values_list("name", flat=True)
    return Known(
        people=[(each.username, each.name) for each in approvers[:MOST_NAMES]],
        groups=[(name, name) for name in groups[:MOST_NAMES]],
        environments=[(name, name) for name in environments],
    )


def _too_long() -> Protection:
    raise Unreadable([Mistake("", f"this is longer than {LONGEST_JSON} characters")])
