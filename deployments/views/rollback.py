"""Going back to a past record: a page that says what that means, then a plan like any other."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods

from deployments import planning
from deployments.engine.plan import PlanKind
from deployments.errors import WorkflowError
from deployments.forms import MessageForm
from deployments.models import Deployment, Method
from history.models import Record
from projects.access import access_to
from projects.pages import page
from projects.roles import Action


@require_http_methods(["GET", "POST"])
def rollback(request: HttpRequest, slug: str, deployment_id: str) -> HttpResponse:
    """Confirms, and proposes the rollback with the record's own configuration and source."""
    access = access_to(request.user, slug, Action.PROPOSE)
    record = get_object_or_404(
        Record.objects.select_related("environment__project"),
        project=access.project,
        environment__isnull=False,
        deployment_id=deployment_id,
    )
    assert record.environment is not None
    form = MessageForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            found = planning.propose(
                environment=record.environment,
                actor=access.user,
                method=Method.WEB,
                kind=PlanKind.ROLLBACK,
                configuration=access.project.configurations.filter(number=record.configuration_number).first(),
                source=access.project.sources.filter(digest=record.source_digest).first(),
                message=form.cleaned_data["message"],
                rollback_to=record.deployment_id,
            )
        except WorkflowError as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("deployment", slug, found.public_id)
    newest = Record.objects.of_environment(record.environment).first()
    original = Deployment.objects.filter(public_id=record.deployment_id).first()
    context = {
        "access": access,
        "tab": "history",
        "record": record,
        "newest": newest,
        "original": original,
        "form": form,
    }
    return page(request, "deployments/rollback.html", context, status=422 if form.is_bound else 200)
