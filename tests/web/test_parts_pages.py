"""Choosing parts on the pages: planning some of it, retrying what failed, rolling part of it back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from django.urls import reverse

from deployments.models import Deployment, PlanDocument, StateEntry, Status
from projects.models import Environment, Project, User
from tests.web.conftest import Visit

pytestmark = pytest.mark.django_db
Propose = Callable[..., Deployment]


def test_a_plan_can_be_limited_by_names(
    dev: Environment, configuration: object, source: object, project: Project, bob: User, visit: Visit
) -> None:
    form = {"configuration": project.configurations.get().pk, "source": project.sources.get().pk}
    url = reverse("environment-plan", args=[project.slug, "dev"])
    assert 'name="targets"' in visit(bob).get(url).content.decode()
    visit(bob).post(url, form | {"targets": " triage, JobsQueue\ttriage "})
    assert Deployment.objects.get().targets == ["triage", "JobsQueue"]


def test_a_rollback_can_be_limited_by_names(recorded: Deployment, bob: User, visit: Visit) -> None:
    url = reverse("rollback", args=["support-desk", recorded.public_id])
    assert 'name="targets"' in visit(bob).get(url).content.decode()
    visit(bob).post(url, {"message": "Wrong", "targets": "AlertsTopic"})
    made = Deployment.objects.latest("pk")
    assert (made.kind, made.targets) == ("rollback", ["AlertsTopic"])


def test_what_failed_can_be_retried_alone(running: Deployment, bob: User, vera: User, visit: Visit) -> None:
    url = reverse("deployment", args=["support-desk", running.public_id])
    assert "Retry what failed" not in visit(bob).get(url).content.decode()
    running.steps.filter(logical_id="AlertsTopic").update(status="succeeded")
    running.steps.filter(logical_id="TicketsTable").update(status="failed", error={"message": "No."})
    Deployment.objects.filter(pk=running.pk).update(status=Status.FAILED)
    page = visit(bob).get(url).content.decode()
    assert "Retry what failed" in page
    assert '<input type="hidden" name="targets" value="TicketsTable">' in page
    assert "Retry what failed" not in visit(vera).get(url).content.decode()


def test_a_failed_run_and_what_takes_it_back_name_each_other(
    running: Deployment, propose: Propose, dev: Environment, vera: User, visit: Visit
) -> None:
    Deployment.objects.filter(pk=running.pk).update(status=Status.FAILED)
    undo = propose(dev, Status.READY, kind="rollback", undoes=running.public_id, targets=["AlertsTopic"])
    client = visit(vera)
    for one, other in ((running, undo), (undo, running)):
        page = client.get(reverse("deployment", args=["support-desk", one.public_id])).content.decode()
        assert reverse("deployment", args=["support-desk", other.public_id]) in page


def test_a_destruction_can_be_limited_by_names(recorded: Deployment, bob: User, visit: Visit) -> None:
    url = reverse("environment-destroy", args=["support-desk", "dev"])
    page = visit(bob).get(url).content.decode()
    assert 'name="targets"' in page and "<li>AlertsTopic " in page
    visit(bob).post(url, {"confirm": "dev", "targets": "AlertsTopic"})
    made = Deployment.objects.latest("pk")
    assert (made.kind, made.targets) == ("destroy", ["AlertsTopic"])


def test_what_is_protected_is_named_where_an_environment_goes(
    recorded: Deployment, propose: Propose, dev: Environment, bob: User, visit: Visit
) -> None:
    entry = StateEntry.objects.get(logical_id="AlertsTopic")
    entry.body["retain"] = True
    entry.save()
    page = visit(bob).get(reverse("environment-destroy", args=["support-desk", "dev"])).content.decode()
    assert "SNS Topic · protected, stays" in page
    going = propose(dev, Status.READY, kind="destroy")
    document = PlanDocument.objects.get(deployment=going)
    text = document.text.replace('"reason":"unchanged"', '"reason":"retained"')
    PlanDocument.objects.filter(deployment=going).update(text=text, digest=hashlib.sha256(text.encode()).hexdigest())
    url = reverse("deployment", args=["support-desk", going.public_id])
    assert "1 protected resource stays: <b>UploadsBucket</b>" in visit(bob).get(url).content.decode()
