"""Where the history is kept and how it ages: a page for administrators; and asking for archived documents."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from history import lifecycle
from history.reading import Damaged, open_record
from history.store import StoreUnavailable, store
from history.views import opened
from projects.administrators import administrator
from projects.audit.deeds import Deed
from projects.audit.writing import write as audit
from projects.pages import page
from projects.roles import Action


@require_GET
def storage(request: HttpRequest) -> HttpResponse:
    """The lifecycle rules that are wanted, those that are there, and what differs."""
    administrator(request)
    rules, problem = None, ""
    try:
        rules = lifecycle.look(store())
    except (StoreUnavailable, ImproperlyConfigured) as error:
        problem = str(error)
    context = {
        "rules": rules,
        "problem": problem,
        "wanted": [(rule["ID"], lifecycle.in_words(rule)) for rule in rules.wanted] if rules else [],
        "live": [(rule["ID"], lifecycle.in_words(rule)) for rule in rules.live] if rules else [],
    }
    return page(request, "history/storage.html", context)


@require_POST
def apply(request: HttpRequest) -> HttpResponse:
    """Makes the bucket's rules what the settings want."""
    user = administrator(request)
    try:
        with transaction.atomic():
            rules = lifecycle.look(store())
            if rules is not None and rules.differences:
                audit(Deed.STORAGE_RULED, actor=user, detail={"differences": list(rules.differences)})
                lifecycle.apply(store())
    except (StoreUnavailable, ImproperlyConfigured) as error:
        messages.error(request, f"The rules are as they were: {error}.")
    else:
        messages.success(request, "The bucket has the rules that the settings ask for.")
    return redirect("history-storage")


@require_POST
def restore(request: HttpRequest, slug: str, deployment_id: str) -> HttpResponse:
    """Asks for the archived documents of a record, for some days."""
    access, row = opened(request, slug, deployment_id)
    access.require(Action.PROPOSE)
    try:
        with transaction.atomic():
            audit(
                Deed.RECORD_RESTORED,
                actor=access.user,
                project=access.project,
                environment=access.environment,
                target_type="record",
                target=deployment_id,
            )
            count = lifecycle.restore(store(), open_record(row).manifest)
    except (Damaged, StoreUnavailable) as error:
        messages.error(request, f"Its documents were not asked for: {error}.")
    else:
        said = f"{count} documents are asked for. Come back in some hours." if count else "Nothing of it is archived."
        messages.success(request, said)
    return redirect("timeline", slug)
