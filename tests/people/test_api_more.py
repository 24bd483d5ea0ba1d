"""The API beyond deploying: lists by the page, going back, taking down, cancelling; and never somebody else's run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from deployments.engine.plan import PlanKind
from deployments.models import Deployment, Status
from deployments.views import api
from projects.audit.deeds import Deed, Outcome
from projects.audit.models import AuditEntry
from projects.models import Configuration, Environment, Project, User
from projects.roles import FOR_TOKENS, Action
from tests.people.conftest import SignIn
from tests.people.test_api import Caller
from tests.web.conftest import configuration, empty_history, propose, quiet_queue, recorded, source

pytestmark = pytest.mark.django_db
__all__ = ["configuration", "empty_history", "propose", "quiet_queue", "recorded", "source"]
ALL = list(FOR_TOKENS)
SLUG = "support-desk"
Propose = Callable[..., Deployment]


def test_deployments_are_listed_by_the_page_and_kept_by_what_is_asked(
    propose: Propose, dev: Environment, prod: Environment, vera: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "LISTED", 2)
    made = [propose(dev, Status.SUCCEEDED), propose(prod, Status.WAITING), propose(dev, Status.FAILED)]
    call = Caller(vera, [])
    newest = call("GET", "api-deployments", SLUG).json()
    assert [each["id"] for each in newest["deployments"]] == [made[2].public_id, made[1].public_id]
    assert newest["before"] == made[1].public_id
    rest = call("GET", "api-deployments", SLUG, query=f"?before={newest['before']}").json()
    assert [each["id"] for each in rest["deployments"]] == [made[0].public_id] and rest["before"] is None
    kept = call("GET", "api-deployments", SLUG, query="?environment=dev&status=failed").json()["deployments"]
    assert [(each["id"], each["environment"], each["status"]) for each in kept] == [
        (made[2].public_id, "dev", "failed"),
    ]
    assert call("GET", "api-deployments", SLUG, query="?before=nothing").status_code == 404
    narrow = Caller(vera, [], project=dev.project, environment="prod")
    assert [each["id"] for each in narrow("GET", "api-deployments", SLUG).json()["deployments"]] == [made[1].public_id]


def test_going_back_is_proposed_and_nothing_more(
    recorded: Deployment, dev: Environment, prod: Environment, bob: User
) -> None:
    call = Caller(bob, [Action.PROPOSE])
    answer = call("POST", "api-rollbacks", SLUG, "dev", body={"to": recorded.public_id, "message": "It is broken"})
    assert answer.status_code == 201 and answer.json()["kind"] == "rollback"
    assert answer.json()["rollbackTo"] == recorded.public_id and answer.json()["status"] == "planning"
    made = Deployment.objects.get(public_id=answer.json()["id"])
    assert (made.kind, made.method, made.proposed_by, made.message) == (PlanKind.ROLLBACK, "api", bob, "It is broken")
    for environment, to in (("prod", recorded.public_id), ("dev", "2026-11-20T10-30-00Z-ffffff"), ("dev", None)):
        assert call("POST", "api-rollbacks", SLUG, environment, body={"to": to}).status_code == 404
    assert (
        call("POST", "api-rollbacks", SLUG, "dev", body={"to": recorded.public_id, "targets": [1]}).status_code == 400
    )
    dev.project.records.update(status="failed")
    refused = call("POST", "api-rollbacks", SLUG, "dev", body={"to": recorded.public_id})
    assert refused.status_code == 409 and refused.json()["todo"] == "Name another deployment to go back to."


def test_taking_down_asks_for_the_name(
    project: Project, dev: Environment, configuration: Configuration, bob: User
) -> None:
    call = Caller(bob, [Action.PROPOSE])
    refused = call("POST", "api-destructions", SLUG, "dev", body={"confirm": "prod"})
    assert refused.status_code == 422 and refused.json()["todo"] == "Send confirm: dev."
    answer = call("POST", "api-destructions", SLUG, "dev", body={"confirm": "dev", "targets": ["shared"]})
    assert answer.status_code == 201 and answer.json()["kind"] == "destroy"
    assert Deployment.objects.get().targets == ["shared"]
    assert AuditEntry.objects.get(deed=Deed.PLAN_PROPOSED).token == "pipeline"
    Deployment.objects.all().delete()
    configuration.delete()
    without = call("POST", "api-destructions", SLUG, "dev", body={"confirm": "dev"})
    assert without.status_code == 409 and "no configuration" in without.json()["message"]


def test_ones_own_run_is_cancelled_and_no_other(propose: Propose, dev: Environment, bob: User, alice: User) -> None:
    own = propose(dev, Status.QUEUED, run_by=bob, run_by_text="bob")
    of_alice = propose(dev, Status.QUEUED, run_by=alice, run_by_text="alice", proposed_by=alice)
    of_bob = propose(dev, Status.QUEUED, run_by=bob, run_by_text="bob")
    call = Caller(bob, [Action.CANCEL_OWN])
    cancelled = call("DELETE", "api-run", SLUG, own.public_id)
    assert cancelled.status_code == 202 and cancelled.json()["status"] == "discarded"
    again = call("DELETE", "api-run", SLUG, own.public_id)
    assert again.status_code == 409 and again.json()["error"] == "not-now"
    refused = call("DELETE", "api-run", SLUG, of_alice.public_id)
    assert refused.status_code == 409 and refused.json()["error"] == "not-yours"
    denied = AuditEntry.objects.get(deed=Deed.DENIED)
    assert (denied.actor_text, denied.outcome, denied.token) == ("bob", Outcome.DENIED, "pipeline")
    owner = Caller(alice, [Action.CANCEL_OWN])
    other = owner("DELETE", "api-run", SLUG, of_bob.public_id)
    assert other.status_code == 409 and "No token can cancel" in other.json()["message"], "an owner's token is no owner"
    without = Caller(bob, [Action.RUN])("DELETE", "api-run", SLUG, of_bob.public_id)
    assert without.status_code == 403
    assert set(Deployment.objects.filter(status=Status.QUEUED)) == {of_alice, of_bob}


def test_the_page_about_it_says_where_and_how_often(alice: User, sign_in: SignIn, settings: Any) -> None:
    settings.SITE_URL, settings.API_CALLS_PER_MINUTE = "https://strandsweb.example.com", 42
    shown = sign_in(alice).get(reverse("api")).content.decode()
    assert "API=https://strandsweb.example.com/api/v1/projects/PROJECT" in shown
    assert "more than 42 calls in a minute" in shown and "/destructions" in shown
