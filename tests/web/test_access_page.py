"""The access page prints the role's policies for owners; a plan's page shows what was looked at before."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import unescape

import pytest
from django.urls import reverse

from deployments import connection
from deployments.checks import Check, Verdict
from deployments.models import Deployment, PlanDocument, Status
from projects.models import Environment, User
from tests.web.conftest import Visit

pytestmark = pytest.mark.django_db
Propose = Callable[..., Deployment]
HTMX = {"HX-Request": "true"}


def test_the_policies_are_printed_even_where_nobody_answers(dev: Environment, alice: User, visit: Visit) -> None:
    page = unescape(visit(alice).get(reverse("environment-access", args=["support-desk", "dev"])).content.decode())
    assert "sandbox is not running" in page
    trust, deploy, read = (part.partition("</pre>")[0] for part in page.split('<pre class="policy" tabindex="0">')[1:])
    [statement] = json.loads(trust)["Statement"]
    assert statement["Condition"]["StringEquals"]["sts:ExternalId"] == dev.external_id
    actions = [
        {action for each in json.loads(text)["Statement"] for action in each["Action"]} for text in (deploy, read)
    ]
    assert "sqs:CreateQueue" in actions[0] and "sqs:CreateQueue" not in actions[1] < actions[0]


def test_the_connection_is_tested_on_the_page_and_as_a_fragment(
    dev: Environment, alice: User, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [Check("Region", Verdict.PASSED, "Enabled."), Check("External id", Verdict.FAILED, "<open>", "Mend it.")]
    monkeypatch.setattr(connection, "test", lambda environment, code: found)
    url = reverse("environment-access", args=["support-desk", "dev"])
    whole = visit(alice).post(url).content.decode()
    fragment = visit(alice).post(url, headers=HTMX).content.decode()
    assert fragment.strip().startswith('<section class="card" id="access-test"')
    for text in (whole, fragment):
        assert "Deployments to dev would fail." in text
        assert "&lt;open&gt;" in text and "Mend it." in text
    found.pop()
    assert "Deployments can reach dev." in visit(alice).post(url).content.decode()


@pytest.mark.parametrize("verdict", ["passed", "failed"])
def test_a_plan_shows_what_was_looked_at(
    verdict: str, propose: Propose, dev: Environment, vera: User, visit: Visit
) -> None:
    deployment = propose(dev, Status.INVALID if verdict == "failed" else Status.READY)
    check = {"name": "Names", "verdict": verdict, "message": "3 names are free.", "remedy": ""}
    PlanDocument.objects.filter(deployment=deployment).update(checks=[check])
    page = visit(vera).get(reverse("deployment", args=["support-desk", deployment.public_id])).content.decode()
    assert "3 names are free." in page
    assert f'data-verdict="{verdict}"' in page
    assert ('<details class="card fold" id="checks" open>' in page) == (verdict == "failed")
    assert "This destroys data" in page, "the plan is there, too"
