"""The verification of a project's audit log, by itself and by what the records remember of it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from history.anchors import compare
from projects.access import access_to
from projects.audit import chains
from projects.audit.deeds import Deed, Outcome
from projects.audit.models import chain_of
from projects.audit.writing import write
from projects.pages import page

NEWEST = 100
"""Records per environment that the page asks; `manage.py audit_verify` asks all."""


@require_POST
def verification(request: HttpRequest, slug: str) -> HttpResponse:
    """Reads the whole chain and says whether every entry is what was written."""
    access = access_to(request.user, slug)
    verdict, compared = chains.verify(chain_of(access.project)), compare(access.project, newest=NEWEST)
    outcome = Outcome.FAILED if verdict.wrong or compared.wrong else Outcome.DONE
    detail = {
        "checked": verdict.checked,
        "wrong": verdict.wrong or compared.wrong,
        "records": compared.records,
        "notCompared": compared.unknown,
    }
    write(Deed.AUDIT_VERIFIED, actor=access.user, project=access.project, outcome=outcome, detail=detail)
    context = {
        "shell": "projects/shell.html",
        "access": access,
        "tab": "audit",
        "project": access.project,
        "verdict": verdict,
        "compared": compared,
    }
    return page(request, "audit/verification.html", context, fragment="verdict")
