"""The access of an environment: policies to copy, and a test of the connection; for owners."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from deployments import connection
from deployments.checks import failures
from deployments.forms import CodeForm
from projects.access import access_to
from projects.audit.deeds import Deed, Outcome
from projects.audit.writing import write as audit
from projects.pages import page, posted
from projects.roles import Action


@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def access(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """GET prints the policies; POST tests the connection, which changes nothing, and shows what it found."""
    allowed = access_to(request.user, slug, Action.MANAGE_ENVIRONMENTS, name)
    row = allowed.place
    context = {"access": allowed, "tab": "overview", "environment": row, "policies": connection.policies(row)}
    form = CodeForm(posted(request))
    if request.method == "POST" and form.is_valid():
        checks = connection.test(row, form.cleaned_data["code"])
        context |= {"checks": checks, "failed": len(failures(checks))}
        outcome = Outcome.FAILED if failures(checks) else Outcome.DONE
        audit(Deed.CONNECTION_TESTED, actor=allowed.user, environment=row, outcome=outcome)
    return page(request, "deployments/access.html", context, fragment="test")
