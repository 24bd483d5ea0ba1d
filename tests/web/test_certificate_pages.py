"""The page of a certificate, looking again, and the way to the last good deployment."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse

from deployments.certificates.models import CertificateDocument
from deployments.engine.canonical import dumps
from deployments.engine.certificate import Certificate, Entry, Finding, Found
from deployments.models import Deployment, Status
from history.models import Record
from projects.audit.models import AuditEntry
from projects.models import Environment, User
from tests.web.conftest import Visit

pytestmark = pytest.mark.django_db
WHEN = "2026-11-20T10:31:00.000Z"


def certificate(deployment: Deployment, *found: Found, live: str = "a" * 64) -> Certificate:
    entry = Entry("s", "TicketsTable", "AWS::DynamoDB::Table", "tickets", "a" * 64, live, found)
    return Certificate(deployment.public_id, deployment.public_id, WHEN, (entry,))


def test_the_page_shows_what_was_sealed_and_what_is_so_still(
    recorded: Deployment, bob: User, vera: User, visit: Visit, quiet_queue: list[tuple[str, int]],
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:  # fmt: skip
    address = reverse("deployment-certificate", args=["support-desk", recorded.public_id])
    assert "holds it against what this deployment made" in visit(vera).get(address).content.decode()
    lost = Found(Finding.DATA, "It comes without the items of then.")
    sealed = certificate(recorded, lost)
    CertificateDocument.objects.create(deployment=recorded, text=dumps(sealed.as_dict()))
    shown = visit(vera).get(address).content.decode()
    assert "restored with exceptions" in shown and "without the items of then" in shown
    assert "Certify again" not in shown and visit(vera).post(address).status_code == 403
    with django_capture_on_commit_callbacks(execute=True):
        assert visit(bob).post(address).status_code == 302
    assert ("certify", recorded.pk) in quiet_queue
    assert "checking" in visit(bob).get(address, headers={"HX-Request": "true"}).content.decode()
    again = certificate(recorded, lost, live="b" * 64)
    CertificateDocument.objects.update(again=again.as_dict(), reading=False)
    assert "Otherwise than sealed: <b>TicketsTable</b>" in visit(bob).get(address).content.decode()
    CertificateDocument.objects.update(again=sealed.as_dict())
    assert "Nothing is otherwise than sealed" in visit(bob).get(address).content.decode()
    assert AuditEntry.objects.filter(deed="certificate.asked", actor_text="bob").count() == 1


def test_what_has_not_run_is_not_certified(
    propose: Callable[..., Deployment], dev: Environment, bob: User, visit: Visit
) -> None:
    waiting = propose(dev, Status.WAITING)
    address = reverse("deployment-certificate", args=["support-desk", waiting.public_id])
    said = visit(bob).post(address, follow=True).content.decode()
    assert "Only what a deployment made that succeeded and is recorded" in said
    assert not CertificateDocument.objects.exists()


def test_a_rollbacks_page_and_the_api_show_its_certificate(recorded: Deployment, bob: User, visit: Visit) -> None:
    Deployment.objects.filter(pk=recorded.pk).update(kind="rollback")
    made = Certificate(recorded.public_id, "", WHEN, unread="AWS does not answer.")
    CertificateDocument.objects.create(deployment=recorded, text=dumps(made.as_dict()))
    shown = visit(bob).get(reverse("deployment", args=["support-desk", recorded.public_id])).content.decode()
    assert "AWS does not answer." in shown and "unknown" in shown


def test_the_last_good_deployment_is_led_to_with_why_and_without_one_that_is_said(
    recorded: Deployment, propose: Callable[..., Deployment], dev: Environment, bob: User, vera: User, visit: Visit
) -> None:
    address = reverse("environment-last-good", args=["support-desk", "dev"])
    assert visit(vera).get(address).status_code == 403
    said = visit(bob).get(address, follow=True).content.decode()
    assert "There is no earlier deployment of dev to go back to." in said
    newer = Record.objects.get()
    for number, status in ((2, "failed"), (3, "succeeded")):
        newer.pk, newer.deployment_id, newer.sequence, newer.status = None, f"2026-{number}", number, status
        newer.manifest_digest = str(number) * 64
        newer.save()
    answer = visit(bob).get(address)
    assert answer["Location"].startswith(reverse("rollback", args=["support-desk", recorded.public_id]))
    page = visit(bob).get(answer["Location"]).content.decode()
    assert "It is the last good one" in page and "2026-2</a>" in page
    assert "only one that succeeded left a whole to go back to" in page
