"""The protection of an environment: what is in force, what waits for consent, and every revision there was."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from deployments.telling.protections import tell_of_change
from history.textdiff import side_by_side
from projects import protecting
from projects.access import Access, access_to
from projects.models import Environment, ProtectionRevision
from projects.pages import asked, page
from projects.protecting import InForce, Refused
from projects.protection.comparing import differences, in_words
from projects.protection.freezing import Window, upcoming
from projects.protection.model import Freeze, Protection
from projects.protection.reading import read_json
from projects.roles import Action

PER_PAGE = 20


@require_GET
def protection(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """What is in force and what waits; the revisions by the page, from `?before=` on."""
    access = access_to(request.user, slug, Action.VIEW, name)
    row = access.place
    now, waits, owners = protecting.in_force(row), protecting.waiting(row), protecting.owners_of(row)
    revisions, more = _revisions(row, asked(request, "before", 9))
    context = about(access) | {
        "in_force": now,
        "revision": row.protections.filter(number=now.number).first(),
        "settings": in_words(now.protection),
        "times": next_times(now.protection),
        "waits": waits,
        "revisions": revisions,
        "more": more,
        "alone": len(owners) < 2,
    }
    if waits is not None:
        others = [owner.name for owner in owners if not protecting.why_not_consent(waits, owner.id, owners)]
        context |= {
            "changes": differences(now.protection, read_json(waits.text)),
            "why_not": protecting.why_not_consent(waits, access.user.pk, owners),
            "mine": waits.author_id == access.user.pk,
            "could_consent": others,
        }
    return page(request, "protection/protection.html", context, fragment="revisions")


@require_GET
def revision(request: HttpRequest, slug: str, name: str, number: int) -> HttpResponse:
    """One revision: what it says, and what it changed."""
    access = access_to(request.user, slug, Action.VIEW, name)
    row = get_object_or_404(access.place.protections, number=number)
    was, said = protecting.before(row), read_json(row.text)
    context = about(access) | {
        "revision": row,
        "was": was,
        "changes": differences(was.protection, said),
        "settings": in_words(said),
        "in_force": protecting.in_force(access.place),
    }
    return page(request, "protection/revision.html", context)


@require_GET
def compare(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Any two revisions, in words and as JSON side by side; `?from=` and `?to=` are their numbers."""
    access = access_to(request.user, slug, Action.VIEW, name)
    place, now = access.place, protecting.in_force(access.place)
    to = _chosen(place, asked(request, "to", 9), now)
    start = asked(request, "from", 9)
    since = _chosen(place, start, now) if start else _earlier(place, to)
    context = about(access) | {
        "since": since,
        "to": to,
        "changes": differences(since.protection, to.protection),
        "text": side_by_side(pretty(since.protection), pretty(to.protection)),
        "choices": [0, *place.protections.order_by("number").values_list("number", flat=True)][-500:],
    }
    return page(request, "protection/compare.html", context)


@require_GET
def file(request: HttpRequest, slug: str, name: str, number: int) -> HttpResponse:
    """A revision as JSON, to keep or to give to another environment."""
    access = access_to(request.user, slug, Action.VIEW, name)
    found = _chosen(access.place, str(number), protecting.in_force(access.place))
    answer = HttpResponse(pretty(found.protection) + "\n", content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{slug}-{name}-protection-{number}.json"'
    return answer


@require_POST
def consent(request: HttpRequest, slug: str, name: str, number: int) -> HttpResponse:
    """Another owner agrees; it is in force from now on."""
    return _settle(request, slug, name, number, protecting.consent, "Revision {} is in force.")


@require_POST
def decline(request: HttpRequest, slug: str, name: str, number: int) -> HttpResponse:
    """Another owner does not agree."""
    return _settle(request, slug, name, number, protecting.decline, "You declined revision {}; nothing changed.")


@require_POST
def withdraw(request: HttpRequest, slug: str, name: str, number: int) -> HttpResponse:
    """Who proposed it takes it back."""
    return _settle(request, slug, name, number, protecting.withdraw, "You withdrew revision {}; nothing changed.")


def about(access: Access) -> dict[str, Any]:
    """What every one of these pages needs to know."""
    return {"access": access, "tab": "overview", "environment": access.place}


def next_times(protection: Protection) -> list[tuple[Freeze, tuple[Window, ...]]]:
    """Each freeze with the next five times that it is open."""
    now = timezone.now()
    return [(freeze, upcoming(freeze, now)) for freeze in protection.freezes]


def pretty(protection: Protection) -> str:
    """JSON for people."""
    return json.dumps(protection.as_dict(), indent=2, ensure_ascii=False)


def _settle(
    request: HttpRequest, slug: str, name: str, number: int, act: Callable[..., ProtectionRevision], done: str
) -> HttpResponse:
    access = access_to(request.user, slug, Action.MANAGE_ENVIRONMENTS, name)
    row = get_object_or_404(access.place.protections.select_related("environment__project"), number=number)
    try:
        with transaction.atomic():
            settled = act(revision=row, actor=access.user)
            tell_of_change(settled, access.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done.format(number))
    return redirect("protection", slug, name)


def _revisions(environment: Environment, before: str) -> tuple[list[ProtectionRevision], str]:
    """One page of them, newest first, and where the next one begins."""
    rows = environment.protections.defer("text").order_by("-number")
    if before.isdecimal():
        rows = rows.filter(number__lt=int(before))
    found = list(rows[: PER_PAGE + 1])
    return found[:PER_PAGE], str(found[PER_PAGE - 1].number) if len(found) > PER_PAGE else ""


def _chosen(environment: Environment, number: str, now: InForce) -> InForce:
    """The revision of that number, 0 for none; without one, what is in force."""
    if not number or number == str(now.number):
        return now
    if number == "0":
        return InForce(0, Protection())
    if not (number.isascii() and number.isdecimal()):
        raise Http404("No such revision.")
    row = get_object_or_404(environment.protections, number=int(number))
    return InForce(row.number, read_json(row.text))


def _earlier(environment: Environment, to: InForce) -> InForce:
    """What was in force before that revision was proposed."""
    row = environment.protections.filter(number=to.number).first()
    return protecting.before(row) if row else InForce(0, Protection())
