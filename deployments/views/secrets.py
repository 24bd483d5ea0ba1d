"""The secrets of an environment: whether they have a value, and giving them one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from deployments import secret_values
from deployments.errors import WorkflowError
from deployments.forms import SecretForm
from projects.access import access_to
from projects.pages import page, posted
from projects.roles import Action


@sensitive_post_parameters("value", "code")
@require_http_methods(["GET", "POST"])
def secrets(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """GET tells what AWS knows of them; POST hands one value on, and shows it nowhere."""
    access = access_to(request.user, slug, Action.SET_SECRETS if request.method == "POST" else Action.VIEW, name)
    row = access.place
    form = SecretForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            secret_values.put(environment=row, actor=access.user, **form.cleaned_data)
        except WorkflowError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{form.cleaned_data['logical_id']} has its new value.")
            return redirect("environment-secrets", slug, name)
    context = {
        "access": access,
        "tab": "overview",
        "environment": row,
        "secrets": secret_values.secrets_of(row),
        "form": form,
    }
    return page(request, "deployments/secrets.html", context, status=422 if form.is_bound else 200)
