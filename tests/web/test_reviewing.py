"""Reviewing on the page: what is missing and from whom, the second factor, freezes, emergencies, what was seen."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.urls import reverse
from django.utils import timezone

from deployments.deciding import renderings
from deployments.models import Deployment, Emergency, Status
from projects.models import Environment, User
from projects.people.models import EnvironmentRole
from projects.protection.model import Freeze, Once
from tests.conftest import protect
from tests.web.conftest import Visit
from tests.web.test_deployment_pages import url_of

pytestmark = pytest.mark.django_db
Propose = Callable[..., Deployment]
SECRET = "JBSWY3DPEHPK3PXP"


def code(ahead: int = 0) -> str:
    return format_hotp_value(hotp_value(SECRET, int(time.time()) // 30 + ahead))


def test_a_fresh_factor_is_asked_for_and_the_approval_goes_on_by_itself(
    propose: Propose, prod: Environment, ada: User, visit: Visit
) -> None:
    protect(prod, fresh_factor=True)
    waiting = propose(prod, Status.WAITING)
    said = {"plan_digest": waiting.plan.digest, "comment": "Read it all"}
    browser, url = visit(ada), url_of(waiting, "deployment-approve")
    told = browser.post(url, said, follow=True).content.decode()
    assert "your account has none" in told and not waiting.approvals.exists()
    TOTP.activate(ada, SECRET)
    asked = browser.post(url, said)
    assert asked["Location"].startswith(reverse("mfa_reauthenticate"))
    assert not waiting.approvals.exists()
    wrong = browser.post(asked["Location"], {"code": "000000"})
    assert wrong.status_code == 422 and not waiting.approvals.exists()
    done = browser.post(asked["Location"], {"code": code()})
    assert done["Location"] == url_of(waiting)
    row = waiting.approvals.get()
    assert (row.actor, row.comment) == (ada, "Read it all")
    assert row.factor_at is not None and timezone.now() - row.factor_at < timedelta(minutes=1)


def test_what_was_seen_is_kept_and_can_be_looked_at(
    propose: Propose, prod: Environment, ada: User, bob: User, mallory: User, visit: Visit
) -> None:
    waiting = propose(prod, Status.WAITING)
    page = visit(ada).get(url_of(waiting)).content.decode()
    seen = renderings.digest_of(renderings.rendering_of(waiting))
    assert f'name="saw" value="{seen}"' in page
    filtered = visit(ada).get(url_of(waiting) + "?action=create").content.decode()
    assert f'name="saw" value="{seen}"' in filtered, "a filter hides rows, and nobody signs less by that"
    visit(ada).post(url_of(waiting, "deployment-approve"), {"plan_digest": waiting.plan.digest, "saw": seen})
    told = visit(bob).get(url_of(waiting)).content.decode()
    where = reverse("deployment-seen", args=[prod.project.slug, waiting.public_id, seen])
    assert where in told
    shown = visit(bob).get(where).content.decode()
    assert "ada approved this" in shown and "TicketsTable" in shown and "forces replacement" in shown
    assert visit(mallory).get(where).status_code == 404


def test_a_comment_that_is_missing_is_asked_for_and_what_was_typed_comes_back(
    propose: Propose, prod: Environment, ada: User, visit: Visit
) -> None:
    protect(prod, comment_required=True)
    waiting = propose(prod, Status.WAITING)
    browser = visit(ada)
    told = browser.post(url_of(waiting, "deployment-approve"), {"plan_digest": waiting.plan.digest}, follow=True)
    assert "An approval needs a comment here" in told.content.decode()
    gone = {"plan_digest": "f" * 64, "comment": "Looked at every row"}
    told = browser.post(url_of(waiting, "deployment-approve"), gone, follow=True)
    assert "no longer the one you looked at" in told.content.decode()
    assert "Looked at every row</textarea>" in told.content.decode().replace("\n", "")


def test_an_owner_lets_a_plan_pass_a_freeze(
    propose: Propose, prod: Environment, alice: User, ada: User, visit: Visit
) -> None:
    now = datetime.now(UTC).replace(tzinfo=None, second=0, microsecond=0)
    window = Once(now - timedelta(hours=1), now + timedelta(hours=1))
    protect(prod, approvals=0, freezes=(Freeze("Christmas <b>", "UTC", window),))
    waiting = propose(prod, Status.WAITING)
    assert "Let this plan pass" not in visit(ada).get(url_of(waiting)).content.decode()
    page = visit(alice).get(url_of(waiting)).content.decode()
    assert "Let this plan pass the freeze Christmas &lt;b&gt;" in page
    said = {"freeze": "Christmas <b>", "plan_digest": waiting.plan.digest}
    where = url_of(waiting, "deployment-override")
    assert "Why it cannot wait" in visit(alice).post(where, said, follow=True).content.decode()
    visit(alice).post(where, said | {"reason": "The fix cannot wait"})
    waiting.refresh_from_db()
    assert waiting.status == Status.READY
    assert "let it pass the freeze" in visit(ada).get(url_of(waiting)).content.decode()


def test_an_emergency_is_loud_until_a_second_person_has_looked(
    propose: Propose, prod: Environment, alice: User, ada: User, bob: User, vera: User, visit: Visit
) -> None:
    waiting = propose(prod, Status.WAITING)
    assert "without approval" not in visit(bob).get(url_of(waiting)).content.decode()
    assert "Deploy without approval" in visit(ada).get(url_of(waiting)).content.decode()
    TOTP.activate(ada, SECRET)
    browser = visit(ada)
    said = {"plan_digest": waiting.plan.digest, "reason": "Nobody can sign in <script>"}
    asked = browser.post(url_of(waiting, "deployment-emergency"), said)
    browser.post(asked["Location"], {"code": code()})
    waiting.refresh_from_db()
    assert waiting.status == Status.QUEUED and Emergency.objects.get().actor == ada
    overview = visit(vera).get(reverse("project", args=[prod.project.slug])).content.decode()
    assert "without approval, in an emergency" in overview and url_of(waiting) in overview
    Deployment.objects.filter(pk=waiting.pk).update(
        status=Status.SUCCEEDED, started_at=timezone.now(), ended_at=timezone.now(), recorded=True
    )
    assert "Review what was deployed in an emergency" in visit(alice).get(reverse("inbox")).content.decode()
    assert "Review what was deployed" not in visit(ada).get(reverse("inbox")).content.decode()
    own = visit(ada).get(url_of(waiting)).content.decode()
    assert "You declared this emergency" in own and "Nobody can sign in &lt;script&gt;" in own
    page = visit(alice).get(url_of(waiting)).content.decode()
    assert "I have reviewed what was done" in page
    visit(alice).post(url_of(waiting, "deployment-look"), {"findings": "It was needed"})
    assert "alice</b> reviewed it" in visit(vera).get(url_of(waiting)).content.decode()
    assert "in an emergency" not in visit(vera).get(reverse("project", args=[prod.project.slug])).content.decode()


def test_a_role_in_the_environment_decides(
    propose: Propose, prod: Environment, ada: User, bob: User, visit: Visit
) -> None:
    for person, role in ((ada, "viewer"), (bob, "approver")):
        member = prod.project.memberships.get(user=person)
        EnvironmentRole.objects.create(membership=member, environment=prod, role=role)
    waiting = propose(prod, Status.WAITING, proposed_by=ada)
    assert "Only approvers and owners" in visit(ada).get(url_of(waiting)).content.decode()
    assert "Approve this plan" in visit(bob).get(url_of(waiting)).content.decode()


def test_a_deployment_is_promoted_from_its_page(
    recorded: Deployment, prod: Environment, dev: Environment, bob: User, vera: User, visit: Visit
) -> None:
    target = dev if recorded.environment == prod else prod
    assert url_of(recorded, "deployment-promote") in visit(bob).get(url_of(recorded)).content.decode()
    assert url_of(recorded, "deployment-promote") not in visit(vera).get(url_of(recorded)).content.decode()
    answer = visit(bob).post(url_of(recorded, "deployment-promote"), {"environment": target.name})
    made = Deployment.objects.latest("pk")
    assert answer["Location"] == url_of(made)
    assert (made.environment, made.promoted_from) == (target, recorded.environment.name)
    assert visit(bob).post(url_of(recorded, "deployment-promote"), {"environment": "nowhere"}).status_code == 404
