"""A deployment's page in every phase, for every person; the plan's filter; reviews and the buttons."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse

from deployments.forms import TryForm
from deployments.models import Deployment, Status
from projects.models import Environment, Project, User
from tests.web.conftest import Visit, tell

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
Propose = Callable[..., Deployment]


def url_of(deployment: Deployment, name: str = "deployment") -> str:
    """The address of a deployment's page."""
    return reverse(name, args=[deployment.environment.project.slug, deployment.public_id])


def test_the_plan_reads_like_a_diff(propose: Propose, dev: Environment, bob: User, visit: Visit) -> None:
    page = visit(bob).get(url_of(propose(dev, Status.READY))).content.decode()
    assert "1 to create, 1 to update, 1 to replace, 0 to delete" in page
    assert "This destroys data" in page
    assert "changed outside" in page
    assert "forces replacement" in page
    assert "may newly sqs:SendMessage" in page
    assert "${Role.Arn}" in page
    assert "1 without change" in page
    assert "$1.50" in page


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ("?action=create", ["AlertsTopic"], ["change-TicketsTable", "change-CustomerSupportFunction"]),
        ("?text=memorysize", ["change-CustomerSupportFunction"], ["change-AlertsTopic"]),
        ("?action=update&text=topic", ["No change fits the filter"], ["change-CustomerSupportFunction"]),
        ("?action=nonsense", ["change-AlertsTopic", "change-TicketsTable"], []),
    ],
)
def test_the_plan_is_filtered_on_the_server(
    query: str, shown: list[str], hidden: list[str], propose: Propose, dev: Environment, vera: User, visit: Visit
) -> None:
    url = url_of(propose(dev, Status.READY)) + query
    whole = visit(vera).get(url).content.decode()
    fragment = visit(vera).get(url, headers=HTMX | {"HX-Target": "plan"}).content.decode()
    assert "<html" in whole
    assert fragment.strip().startswith('<section id="plan"')
    for text in (whole, fragment):
        assert all(each in text for each in shown)
        assert not any(each in text for each in hidden)
        assert "This destroys data" in text  # a warning is never filtered away


def test_a_protected_plan_says_who_may_approve_and_why_others_may_not(
    propose: Propose, prod: Environment, bob: User, ada: User, vera: User, visit: Visit
) -> None:
    own = url_of(propose(prod, Status.WAITING, proposed_by=ada))
    assert "You proposed this plan; somebody else has to approve it." in visit(ada).get(own).content.decode()
    url = url_of(propose(prod, Status.WAITING))
    for person in (bob, vera):
        refused = visit(person).get(url).content.decode()
        assert "Only approvers and owners" in refused
        assert "Approve this plan" not in refused
    page = visit(ada).get(url).content.decode()
    assert "Approve this plan" in page
    assert "1 more approval by whoever may approve is missing: alice or ada can give it." in page


def test_an_approval_is_of_the_plan_that_was_seen(propose: Propose, prod: Environment, ada: User, visit: Visit) -> None:
    deployment = propose(prod, Status.WAITING)
    wrong = visit(ada).post(url_of(deployment, "deployment-approve"), {"plan_digest": "f" * 64}, follow=True)
    assert "no longer the one you looked at" in wrong.content.decode()
    right = {"plan_digest": deployment.plan.digest, "comment": "Fine\n<script>x</script>"}
    for _ in range(2):  # a double click
        page = visit(ada).post(url_of(deployment, "deployment-approve"), right, follow=True).content.decode()
    deployment.refresh_from_db()
    assert deployment.status == Status.READY
    assert deployment.approvals.count() == 1
    assert "&lt;script&gt;x" in page


def test_a_rejection_ends_it(propose: Propose, prod: Environment, ada: User, bob: User, visit: Visit) -> None:
    deployment = propose(prod, Status.WAITING)
    visit(ada).post(url_of(deployment, "deployment-reject"), {"plan_digest": deployment.plan.digest, "comment": "No"})
    deployment.refresh_from_db()
    assert deployment.status == Status.REJECTED
    page = visit(bob).get(url_of(deployment)).content.decode()
    assert "Plan again" in page
    assert "Deploy</button>" not in page


def test_what_waits_for_me_is_on_my_first_page(
    propose: Propose, prod: Environment, ada: User, bob: User, vera: User, visit: Visit
) -> None:
    deployment = propose(prod, Status.WAITING)
    link = url_of(deployment)
    assert link in visit(ada).get(reverse("projects")).content.decode()
    for other in (bob, vera):
        assert link not in visit(other).get(reverse("projects")).content.decode()
    visit(ada).post(url_of(deployment, "deployment-approve"), {"plan_digest": deployment.plan.digest})
    assert link not in visit(ada).get(reverse("projects")).content.decode()


def test_deploy_queues_it_and_tells_a_worker(
    propose: Propose,
    dev: Environment,
    bob: User,
    visit: Visit,
    quiet_queue: list[tuple[str, int]],
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:
    deployment = propose(dev, Status.READY)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        for _ in range(2):  # a double click
            assert visit(bob).post(url_of(deployment, "deployment-start")).status_code == 302
    deployment.refresh_from_db()
    assert deployment.status == Status.QUEUED
    assert quiet_queue == [("run", deployment.pk)]


def test_planning_an_environment_leads_to_the_deployments_page(
    dev: Environment, configuration: object, source: object, project: Project, bob: User, visit: Visit
) -> None:
    form = {
        "configuration": project.configurations.get().pk,
        "source": project.sources.get().pk,
        "message": "Try",
    }
    answer = visit(bob).post(reverse("environment-plan", args=[project.slug, "dev"]), form)
    deployment = Deployment.objects.get()
    assert answer["Location"] == url_of(deployment)
    assert (deployment.status, deployment.message, deployment.proposed_by) == (Status.PLANNING, "Try", bob)


def test_a_destruction_needs_the_typed_name(
    dev: Environment, configuration: object, project: Project, bob: User, visit: Visit
) -> None:
    url = reverse("environment-destroy", args=[project.slug, "dev"])
    assert visit(bob).post(url, {"confirm": "Dev"}).status_code == 422
    assert not Deployment.objects.exists()
    visit(bob).post(url, {"confirm": "dev"})
    assert Deployment.objects.get().kind == "destroy"


def test_a_running_page_shows_steps_log_and_cancel(running: Deployment, bob: User, vera: User, visit: Visit) -> None:
    page = visit(bob).get(url_of(running)).content.decode()
    assert 'id="step-create_3a_AlertsTopic" data-status="running"' in page
    assert 'id="event-2"' in page
    assert "Cancel the run" in page
    assert f"/ws/projects/support-desk/deployments/{running.public_id}/" in page
    assert "Cancel the run" not in visit(vera).get(url_of(running)).content.decode()


def test_news_hold_what_came_after_the_number_a_page_shows(running: Deployment, vera: User, visit: Visit) -> None:
    client = visit(vera)
    phase = client.get(url_of(running)).content.decode().split('data-phase="')[1].split('"')[0]
    tell(running, "log", "create:AlertsTopic", "AlertsTopic", level="warning", message="<b>slow</b>\x1b[31m!")
    news = client.get(url_of(running, "deployment-news"), {"after": "2", "phase": phase}).content.decode()
    assert 'id="event-3"' in news
    assert 'id="event-2"' not in news
    assert "&lt;b&gt;slow&lt;/b&gt;!" in news
    assert 'data-event="3"' in news
    assert "<html" not in news
    other = client.get(url_of(running, "deployment-news"), {"after": "2", "phase": "ready.0.0"}).content.decode()
    assert 'id="event-3"' not in other  # a page of another phase asks for itself anew
    assert 'id="run-mark"' in other
    for nonsense in ("-1", "x", "9" * 30, "²"):
        assert client.get(url_of(running, "deployment-news"), {"after": nonsense}).status_code == 200


def test_a_failed_step_says_cause_and_remedy(running: Deployment, bob: User, visit: Visit) -> None:
    error = {"message": "No.", "advice": "Ask for it.", "service": "sns", "operation": "CreateTopic", "code": "Denied"}
    running.steps.filter(step_id="create:AlertsTopic").update(status="failed", error=error)
    Deployment.objects.filter(pk=running.pk).update(status=Status.FAILED, error="AlertsTopic: No.")
    page = visit(bob).get(url_of(running)).content.decode()
    assert "What to do:" in page
    assert "Ask for it." in page
    assert "sns:CreateTopic" in page
    assert "Plan again" in page


def test_problems_of_a_plan_lead_to_their_line(propose: Propose, dev: Environment, bob: User, visit: Visit) -> None:
    problem = {"message": "no such folder", "line": 12, "column": 5, "path": "agents[0].path", "suggestion": "apps/x?"}
    deployment = propose(dev, Status.INVALID, error="The configuration has a problem.", problems=[problem])
    page = visit(bob).get(url_of(deployment)).content.decode()
    assert "no such folder" in page
    assert f"{reverse('configuration-revision', args=['support-desk', 1])}#L12" in page


def test_who_asked_sees_the_same_page_as_a_fragment(
    propose: Propose, dev: Environment, bob: User, visit: Visit
) -> None:
    url = url_of(propose(dev, Status.READY))
    fragment = visit(bob).get(url, headers=HTMX)
    assert fragment["Vary"].count("HX-Request") == 1
    text = fragment.content.decode()
    assert text.strip().startswith('<div id="deployment"')
    assert text.count('id="run-mark"') == 1
    assert "hx-swap-oob" not in text


def test_lists_go_on_by_key(propose: Propose, dev: Environment, vera: User, visit: Visit) -> None:
    made = [propose(dev, Status.DISCARDED, message=f"number {number}") for number in range(52)]
    url = reverse("deployments", args=["support-desk"])
    first = visit(vera).get(url).content.decode()
    assert "number 51" in first
    assert "number 1<" not in first
    second = visit(vera).get(url, {"before": made[2].pk}, headers=HTMX).content.decode()
    assert "number 1<" in second
    assert "number 2<" not in second
    assert "<html" not in second


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("Authorization: Bearer a:b \n\n X-Who:  me", {"Authorization": "Bearer a:b", "X-Who": "me"}),
        ("no colon", "“no colon” is no header."),
        ("Bad Name: x", "“Bad Name: x” is no header."),
        ("X: caf\u00e9", "is no header."),
        ("Host: elsewhere", "Host is set by the call itself."),
    ],
)
def test_headers_of_a_call_are_names_and_values(text: str, found: dict[str, str] | str) -> None:
    form = TryForm({"method": "GET", "path": "/", "headers": text})
    if isinstance(found, str):
        assert found in form.errors["headers"][0]
    else:
        assert form.is_valid() and form.cleaned_data["headers"] == found
