"""Going back to a past record: a page that says what that means, then a plan like any other."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from deployments import rollbacks
from deployments.errors import WorkflowError
from deployments.forms import RollbackForm
from deployments.models import Deployment, Method
from history.models import Record
from projects.access import access_to
from projects.models import Environment
from projects.pages import asked, page, posted
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
    refusal = rollbacks.refusal(record)
    form = RollbackForm(posted(request), initial={"targets": asked(request, "targets", 1000)})
    if request.method == "POST" and form.is_valid():
        try:
            found = rollbacks.propose(
                environment=record.environment,
                record=record,
                actor=access.user,
                method=Method.WEB,
                **form.cleaned_data,
            )
        except WorkflowError as error:
            form.add_error(None, str(error))
        else:
            return redirect("deployment", slug, found.public_id)
    passed = _passed(request, record.environment) if "why" in request.GET else ()
    targets = form.fields["targets"].clean(asked(request, "targets", 1000))
    context = {
        "passed": passed,
        "preview": rollbacks.preview(record.environment, record, targets) if not refusal else None,
        "access": access,
        "tab": "history",
        "record": record,
        "newest": Record.objects.of_environment(record.environment).first(),
        "refusal": refusal,
        "form": form,
    }
    status = 422 if form.errors else 200
    return page(request, "deployments/rollback.html", context, fragment="preview", status=status)


@require_GET
def last_good(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Leads to the page that goes back to the last good deployment; `failed` names the run to go back from."""
    access = access_to(request.user, slug, Action.PROPOSE, name)
    public_id = asked(request, "failed")
    failed = Deployment.objects.filter(environment=access.place, public_id=public_id).first() if public_id else None
    found = rollbacks.last_good(access.place, failed)
    if found.record is None:
        looked = "".join(f" {record.deployment_id}: {why}" for record, why in found.passed[:5])
        messages.warning(request, f"There is no earlier deployment of {name} to go back to.{looked}")
        return redirect("environment", slug, name)
    more = urlencode({"why": "last-good", "failed": public_id} if failed else {"why": "last-good"})
    return redirect(f"{reverse('rollback', args=[slug, found.record.deployment_id])}?{more}")


def _passed(request: HttpRequest, environment: Environment) -> tuple[tuple[Record, str], ...]:
    """The newer records, and why none of them is the last good one."""
    failed = Deployment.objects.filter(environment=environment, public_id=asked(request, "failed")).first()
    return rollbacks.last_good(environment, failed).passed
