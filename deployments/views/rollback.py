"""Going back to a past record: a page that says what that means, then a plan like any other."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods

from deployments import rollbacks
from deployments.errors import WorkflowError
from deployments.forms import RollbackForm
from deployments.models import Method
from history.models import Record
from projects.access import access_to
from projects.pages import page, posted
from projects.roles import Action


@require_http_methods(["GET", "POST"])
def rollback(request: HttpRequest, slug: str, deployment_id: str) -> HttpResponse:
    """Confirms, and proposes the rollback."""
    access = access_to(request.user, slug)
    records = Record.objects.of_project(access.project).filter(environment__isnull=False)
    record = get_object_or_404(records.select_related("environment__project"), deployment_id=deployment_id)
    assert record.environment is not None
    access = access.within(record.environment)
    access.require(Action.PROPOSE)
    form = RollbackForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            found = rollbacks.propose(
                environment=record.environment,
                record=record,
                actor=access.user,
                method=Method.WEB,
                **form.cleaned_data,
            )
        except WorkflowError as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("deployment", slug, found.public_id)
    context = {
        "access": access,
        "tab": "history",
        "record": record,
        "newest": Record.objects.of_environment(record.environment).first(),
        "refusal": rollbacks.refusal(record),
        "form": form,
    }
    return page(request, "deployments/rollback.html", context, status=422 if form.errors else 200)
