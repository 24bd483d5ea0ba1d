"""Calling the deployed API from the environment's page."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from deployments.errors import WorkflowError
from deployments.forms import TryForm
from deployments.outputs import Answer, try_api
from deployments.views.environments import describe
from projects.access import access_to
from projects.audit.deeds import Deed
from projects.audit.writing import write as audit
from projects.highlighting import lines_of
from projects.pages import page
from projects.roles import Action


@require_POST
def call(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Sends the call and shows the answer on the same page."""
    access = access_to(request.user, slug, Action.TRY, name)
    environment = access.place
    form = TryForm(request.POST)
    context = describe(access, environment) | {"try_form": form}
    if not form.is_valid():
        return page(request, "deployments/environment.html", context, fragment="try", status=422)
    try:
        answer = try_api(environment=environment, **form.cleaned_data)
        called = f"{form.cleaned_data['method']} {form.cleaned_data['path']}"
        audit(Deed.API_TRIED, actor=access.user, environment=environment, target_type="route", target=called)
    except WorkflowError as refusal:
        context["try_error"] = str(refusal)
    else:
        context |= {"answer": answer, "answer_lines": _lines(answer)}
    return page(request, "deployments/environment.html", context, fragment="try")


def _lines(answer: Answer) -> list[str]:
    """The body as coloured, indented JSON when it is JSON, else as it came."""
    try:
        text = json.dumps(json.loads(answer.body_text), indent=2, ensure_ascii=False)
    except ValueError:
        return answer.body_text.split("\n")
    return [*lines_of(text, "json")]
