"""The page of a certificate: what was sealed, and what is so still."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from deployments.certificates import making
from deployments.certificates.comparing import changed_since
from deployments.certificates.models import CertificateDocument
from deployments.errors import WorkflowError
from deployments.views.deployments import opened
from projects.pages import page
from projects.roles import Action


@require_http_methods(["GET", "POST"])
def certificate(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """The sealed one and the last look again; a POST asks a worker for another look."""
    access, found = opened(request, slug, public_id, Action.PROPOSE if request.method == "POST" else Action.VIEW)
    if request.method == "POST":
        try:
            making.ask(deployment=found, actor=access.user)
        except WorkflowError as refusal:
            messages.error(request, str(refusal))
        return redirect("deployment-certificate", slug, public_id)
    row = CertificateDocument.objects.filter(deployment=found).first()
    sealed = row.value().as_dict() if row and row.text else None
    context: dict[str, Any] = {
        "access": access,
        "project": access.project,
        "tab": "history",
        "deployment": found,
        "document": row,
        "sealed": sealed,
        "why_not_again": making.why_not_again(found),
        "changed": changed_since(sealed, row.again) if row and row.again and sealed else [],
    }
    return page(request, "certificates/certificate.html", context, fragment="again")
