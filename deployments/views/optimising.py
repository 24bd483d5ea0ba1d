"""The report of what could be merged or left out, and one finding with the change of strands.yaml for it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from deployments.errors import WorkflowError
from deployments.optimising import report as reports
from deployments.optimising.proposals import NotMergeable
from projects.access import access_to
from projects.highlighting import difference
from projects.pages import page
from projects.roles import Action


@require_GET
def report(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Everything that was found."""
    access = access_to(request.user, slug, Action.VIEW, name)
    row = access.place
    context = {"access": access, "tab": "overview", "environment": row, "report": reports.report_of(row)}
    return page(request, "deployments/optimise.html", context)


@require_http_methods(["GET", "POST"])
def finding(request: HttpRequest, slug: str, name: str, key: str) -> HttpResponse:
    """GET shows evidence, risk and change; POST saves the change as a revision, if it is still what was shown."""
    access = access_to(request.user, slug, Action.EDIT_CONFIGURATION if request.method == "POST" else Action.VIEW, name)
    row = access.place
    if request.method == "POST":
        base = request.POST.get("base", "")
        try:
            saved = reports.merge(
                environment=row, key=key, base_number=int(base) if base.isdecimal() else 0, actor=access.user
            )
        except WorkflowError as refusal:
            messages.error(request, str(refusal))
            return redirect("environment-optimise", slug, name)
        messages.success(
            request, f"Revision {saved.number} says so. Nothing has changed in AWS: plan it to see what goes."
        )
        return redirect("environment-plan", slug, name)
    found = reports.report_of(row).finding(key)
    if found is None:
        messages.info(request, "That is no longer found.")
        return redirect("environment-optimise", slug, name)
    context = {"access": access, "tab": "overview", "environment": row, "finding": found}
    try:
        latest, proposal = reports.proposal_for(row, found)
    except NotMergeable as refusal:
        context["refusal"] = str(refusal)
    else:
        context |= {"latest": latest, "proposal": proposal, "difference": difference(latest.text, proposal.text)}
    return page(request, "deployments/finding.html", context)
