"""Starting, cancelling and discarding."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from deployments import execution
from deployments.errors import WorkflowError
from deployments.models import Deployment
from deployments.views.deployments import find
from deployments.views.telling import tell_pages
from projects.access import access_to
from projects.roles import Action


@require_POST
def start(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Queues a ready plan."""
    return _act(request, slug, public_id, Action.RUN, execution.start)


@require_POST
def cancel(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Asks a run to stop."""
    return _act(request, slug, public_id, Action.CANCEL_OWN, execution.cancel)


@require_POST
def discard(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Gives up a plan."""
    return _act(request, slug, public_id, Action.PROPOSE, execution.discard)


def _act(
    request: HttpRequest, slug: str, public_id: str, action: Action, act: Callable[..., Deployment]
) -> HttpResponse:
    access = access_to(request.user, slug, action)
    found = find(access, public_id)
    try:
        act(deployment_id=found.pk, actor=access.user)
    except WorkflowError as refusal:
        messages.error(request, str(refusal))
    else:
        tell_pages(found.pk)
    return redirect("deployment", slug, public_id)
