"""Starting, cancelling and discarding."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from deployments import orders, second_factor
from deployments.errors import NotAllowed, WorkflowError
from deployments.forms import CodeForm
from deployments.views.deployments import opened
from deployments.views.telling import tell_pages
from projects.audit.middleware import denied
from projects.models import User
from projects.roles import Action


@sensitive_post_parameters("code")
@require_POST
def start(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Queues a ready plan; with a code of the MFA device where the environment asks for one."""

    def act(*, deployment_id: int, actor: User) -> None:
        if code := _code(request):
            second_factor.enter(deployment_id=deployment_id, actor=actor, code=code)
        orders.start(deployment_id=deployment_id, actor=actor)

    return _act(request, slug, public_id, Action.RUN, act)


@sensitive_post_parameters("code")
@require_POST
def code(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """A code for a run that waits for one."""

    def act(*, deployment_id: int, actor: User) -> None:
        second_factor.enter(deployment_id=deployment_id, actor=actor, code=_code(request))

    return _act(request, slug, public_id, Action.RUN, act)


@require_POST
def cancel(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Asks a run to stop."""
    return _act(request, slug, public_id, Action.CANCEL_OWN, orders.cancel)


@require_POST
def discard(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Gives up a plan."""
    return _act(request, slug, public_id, Action.PROPOSE, orders.discard)


def _code(request: HttpRequest) -> str:
    form = CodeForm(request.POST)
    return form.cleaned_data["code"] if form.is_valid() else request.POST["code"][:20]


def _act(request: HttpRequest, slug: str, public_id: str, action: Action, act: Callable[..., object]) -> HttpResponse:
    access, found = opened(request, slug, public_id, action)
    try:
        act(deployment_id=found.pk, actor=access.user)
    except WorkflowError as refusal:
        if isinstance(refusal, NotAllowed):
            denied(request, access.project, str(refusal))
        messages.error(request, str(refusal))
    else:
        tell_pages(found.pk)
    return redirect("deployment", slug, public_id)
