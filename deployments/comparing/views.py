"""The page that compares two sides, the same as a file, and reading what is live for it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from deployments.aws.registry import KINDS
from deployments.comparing.asking import Question
from deployments.comparing.assembling import Comparison, assemble
from deployments.comparing.files import as_json, as_patch
from deployments.comparing.finding import find
from deployments.comparing.live import request_reading
from deployments.comparing.loading import Chosen, before, choose, load
from deployments.comparing.permissions import compare_permissions
from deployments.comparing.references import Kind, Reference
from deployments.comparing.resources import ACTIONS, Pair
from deployments.comparing.sides import Side
from deployments.comparing.slots import Slot
from deployments.comparing.sources import code_of, file_diff
from history.reading import Damaged, Expired, TooLarge
from history.store import StoreUnavailable
from history.treediff import tree
from projects.access import Access, access_to
from projects.audit.deeds import Deed
from projects.audit.writing import write as audit
from projects.pages import at_site, page, wants_fragment
from projects.roles import Action

MOST_COPIED = 100_000
"""Characters of a value that come along with its tree, to be copied."""
UNREADABLE = (Damaged, TooLarge, StoreUnavailable)
FORMS = {"json": "application/json", "patch": "text/x-diff; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Sides:
    """The two that were chosen, as far as they were; `question` names what was taken where nothing was asked for."""

    question: Question
    before: Chosen | None
    after: Chosen | None

    @property
    def both(self) -> tuple[Chosen, Chosen] | None:
        """Both, if they can be loaded."""
        if self.before and self.after and self.before.is_there and self.after.is_there:
            return self.before, self.after
        return None

    @property
    def waiting(self) -> list[Chosen]:
        """Live sides that have to be read first."""
        return [side for side in (self.before, self.after) if side and not side.is_there]

    @property
    def reading(self) -> bool:
        """A worker is at it."""
        return any(side.reading and side.reading.status == "reading" for side in self.waiting)


@require_GET
def compare(request: HttpRequest, slug: str) -> HttpResponse:
    """Two sides; `to` alone is compared with what came before it. htmx gets the piece that it asks about."""
    access = access_to(request.user, slug, Action.VIEW)
    sides = _sides(access, Question.of(request))
    question = sides.question
    slots = _slots(access, sides)
    context: dict[str, Any] = {"access": access, "tab": "history", "sides": sides, "question": question, "slots": slots}
    if question.choose and wants_fragment(request):
        context["slot"] = next(slot for slot in slots if slot.name == question.choose)
        return page(request, "compare/choices.html", context)
    status = 200
    if sides.both:
        try:
            loaded = _loaded(sides.both, whole=not (question.part and wants_fragment(request)))
            if question.part:
                context["part"] = _part(access, question, loaded)
                if wants_fragment(request):
                    return page(request, "compare/part.html", context)
            context |= _shown(access, question, loaded)
        except UNREADABLE as error:
            context |= {"error": str(error)[:1].upper() + str(error)[1:], "expired": isinstance(error, Expired)}
            status = 503
    if "comparison" in context and wants_fragment(request) and request.headers.get("HX-Target") == "resource-rows":
        return page(request, "compare/resource_rows.html", context)
    return page(request, "compare/compare.html", context, fragment="comparison", status=status)


@require_GET
def file(request: HttpRequest, slug: str, form: str) -> HttpResponse:
    """The comparison as JSON, or its texts as a patch; a comparison that cannot be made is explained on its page."""
    access = access_to(request.user, slug, Action.VIEW)
    sides = _sides(access, Question.of(request))
    if sides.both is None or form not in FORMS:
        return redirect(_address(slug, sides.question))
    try:
        comparison = _assembled(access, sides.question, _loaded(sides.both, whole=True))
    except UNREADABLE:
        return redirect(_address(slug, sides.question))
    audit(
        Deed.EXPORT_READ,
        actor=access.user,
        project=access.project,
        environment=sides.both[1].environment,
        target_type="file",
        target=f"comparison.{form}",
        detail={"from": str(sides.question.before), "to": str(sides.question.after)},
    )
    text = json.dumps(as_json(comparison), indent=2, ensure_ascii=False) if form == "json" else as_patch(comparison)
    response = HttpResponse(text, content_type=FORMS[form])
    response.headers["Content-Disposition"] = f'attachment; filename="{slug}-comparison.{form}"'
    return response


@require_POST
def read_live(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Asks a worker to read what is live in an environment, and goes back to the comparison it is for."""
    access = access_to(request.user, slug, Action.PROPOSE, name)
    request_reading(environment=access.place, actor=access.user)
    first, second = (Reference.parse(request.POST.get(side, "")) for side in ("from", "to"))
    question = Question(first, second if first or second else Reference(Kind.LIVE, name))
    return redirect(_address(slug, question))


def _slots(access: Access, sides: Sides) -> list[Slot]:
    """Both slots; what can be chosen is looked up where somebody is choosing, and where nothing was chosen yet."""
    slots = []
    for name, side in (("from", sides.before), ("to", sides.after)):
        choosing = sides.question.choose == name
        found = find(access.project, sides.question.search if choosing else "") if choosing or side is None else None
        slots.append(Slot(name, side, sides.question, found))
    return slots


def _address(slug: str, question: Question) -> str:
    return f"{reverse('compare', args=[slug])}?{question.plain.query}"


def _sides(access: Access, question: Question) -> Sides:
    """Both sides; one that was not asked for is what the other is usually compared with."""
    first = choose(access, question.before) if question.before else None
    second = choose(access, question.after) if question.after else None
    if second and first is None and not question.choose:
        first = before(access, second)
        question = replace(question, before=first.reference if first else None)
    return Sides(question, first, second)


def _loaded(both: tuple[Chosen, Chosen], *, whole: bool) -> tuple[Side, Side]:
    return load(both[0], story=whole), load(both[1], story=whole)


def _assembled(access: Access, question: Question, sides: tuple[Side, Side]) -> Comparison:
    code = code_of(access.project, *sides)
    return assemble(*sides, kinds=KINDS, code=code, noise=question.noise)


def _shown(access: Access, question: Question, sides: tuple[Side, Side]) -> dict[str, Any]:
    """All that the page shows; what can be opened comes with the query that opens it."""
    comparison = _assembled(access, question, sides)
    plain = question.plain
    alike, rows = comparison.resources.chosen(question.change, question.text)
    return {
        "comparison": comparison,
        "address": at_site(_address(access.project.slug, question)),
        "counts": [(change, count, ACTIONS[change]) for change, count in comparison.resources.counts.items() if count],
        "alike": alike,
        "rows": [(row, plain.opening(f"resource:{row.logical_id}").query) for row in rows],
        "permissions": [(row, plain.opening(f"policies:{row.logical_id}").query) for row in comparison.permissions],
        "folders": [
            (folder, [(change, plain.opening(change.key).query) for change in folder.files])
            for folder in comparison.code.folders
        ],
    }


def _part(access: Access, question: Question, sides: tuple[Side, Side]) -> dict[str, Any]:
    """One resource as a tree, one holder's policies as a tree, or one file as text; nothing for anything else."""
    kind, _, name = question.part.partition(":")
    old, new = sides
    if kind == "resource" and (name in old.resources or name in new.resources):
        pair = Pair(old, new, KINDS, noise=question.noise)
        return _values(name, *pair.values(old.resources.get(name), new.resources.get(name)))
    if kind == "policies":
        for row in compare_permissions(old, new, KINDS):
            if row.logical_id == name:
                return _values(name, row.before or {}, row.after or {})
    if kind in ("file", "gone"):
        change = code_of(access.project, old, new).find(question.part)
        if change is not None and change.has_text:
            return {"file": change, "texts": file_diff(old, new, change.before, change.after), "name": change.path}
    return {}


def _values(name: str, before: Any, after: Any) -> dict[str, Any]:
    """Two values as a tree, and each as JSON to be copied."""
    texts = (json.dumps(value, indent=2, ensure_ascii=False) if value else "" for value in (before, after))
    was, now = (text if len(text) <= MOST_COPIED else "" for text in texts)
    return {"tree": tree(before, after), "name": name, "before_text": was, "after_text": now}
