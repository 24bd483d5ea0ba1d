"""Rollbacks end with a certificate, on a real sandbox: what was restored, what was not, and that it is sealed once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from deployments import execution, leases, recording, rollbacks, states
from deployments.certificates import making
from deployments.certificates.comparing import changed_since
from deployments.certificates.models import CertificateDocument
from deployments.engine.certificate import Certificate, Finding, Verdict
from deployments.errors import OutOfDate
from deployments.holding.models import Hold
from deployments.models import Deployment, Method, Status
from deployments.planning import make_plan
from history.models import Record
from history.reading import open_record
from history.verification import verify_record
from projects import editing
from projects.audit.models import AuditEntry
from projects.models import Configuration, Environment, Project, User
from tests.deployments.conftest import plan, run, sandbox_call
from tests.deployments.test_admission import set_visibility

pytestmark = pytest.mark.django_db
Edit = Callable[[str, str], Configuration]
SMALL = Path(__file__).with_name("small.yaml")


@pytest.fixture
def small(project: Project, alice: User, account: str) -> Configuration:
    """A table, a queue and a topic."""
    text = SMALL.read_text().replace("ACCOUNT", account)
    return editing.save_configuration(project=project, text=text, author=alice, message="", base_number=None)


def back(environment: Environment, actor: User, to: Deployment, **parts: Any) -> Deployment:
    """A rollback, run."""
    record = Record.objects.get(deployment_id=to.public_id)
    made = rollbacks.propose(
        environment=environment, record=record, actor=actor, method=Method.WEB, inline=True, message="Wrong", **parts
    )
    return run(make_plan(deployment_id=made.pk), actor)


def sealed(deployment: Deployment) -> Certificate:
    """What its record holds."""
    reader = open_record(Record.objects.get(deployment_id=deployment.public_id))
    found = reader.certificate()
    assert found is not None
    assert Deployment.objects.get(pk=deployment.pk).certificate.text.encode() == reader.raw("certificate.json")
    return Certificate.from_dict(found)


def findings(certificate: Certificate) -> dict[str, list[Finding]]:
    return {each.logical_id: [f.finding for f in each.found] for each in certificate.entries if each.found}


def test_what_was_changed_is_restored_and_the_record_says_so(
    dev: Environment, bob: User, small: Configuration, edit: Edit, cloud: str
) -> None:
    first = run(plan(dev, bob), bob)
    edit("visibility_timeout: 120", "visibility_timeout: 60")
    second = edit("resources:\n", "resources:\n  - {name: more, type: sqs}\n")
    run(plan(dev, bob), bob)
    set_visibility(dev, 77)  # an outsider, in between: the plan shows it, and the run writes over it
    done = back(dev, bob, first)
    assert done.status == Status.SUCCEEDED, done.error
    certificate = sealed(done)
    assert (certificate.verdict, findings(certificate)) == (Verdict.RESTORED, {})
    assert {"MoreQueue", "MoreDeadLetterQueue"} <= {e.logical_id for e in certificate.entries if not e.wanted}
    record = Record.objects.get(deployment_id=done.public_id)
    assert (record.verdict, verify_record(record)) == ("restored", None)
    (held,) = open_record(record).metadata().on_hold
    assert (held["what"], held["reason"]) == (f"revision {second.number}", "Wrong")
    assert Hold.objects.get().because_of == done
    set_visibility(dev, 99)
    making.ask(deployment=done, actor=bob)
    making.read_again(deployment_id=done.pk)
    making.read_again(deployment_id=done.pk)
    row = CertificateDocument.objects.get(deployment=done)
    assert (row.reading, row.again["verdict"], row.asked_by_text) == (False, "restored with exceptions", "bob")
    assert [each["logicalId"] for each in changed_since(row.value().as_dict(), row.again)] == ["JobsQueue"]
    assert sealed(done) == certificate, "what is sealed stays"
    assert AuditEntry.objects.filter(deed__startswith="certificate.").count() == 2
    assert rollbacks.last_good(dev).record == Record.objects.get(deployment_id=first.public_id)


def test_a_table_made_again_a_part_and_what_somebody_did_are_named(
    dev: Environment, bob: User, small: Configuration, edit: Edit, cloud: str
) -> None:
    first = run(plan(dev, bob), bob)
    edit("partition_key: id", "partition_key: key")
    edit("visibility_timeout: 120", "visibility_timeout: 60")
    run(plan(dev, bob), bob)
    seen = rollbacks.preview(dev, Record.objects.get(deployment_id=first.public_id))
    assert seen.plan is not None and seen.plan.destroys_data
    assert [(e.logical_id, [f.finding for f in e.found]) for e in seen.foreseen] == [("TicketsTable", [Finding.DATA])]
    part = back(dev, bob, first, targets=["JobsQueue"])
    certificate = sealed(part)
    assert certificate.verdict is Verdict.RESTORED and certificate.parts == ("JobsQueue",)
    assert "TicketsTable" not in {entry.logical_id for entry in certificate.entries}
    Hold.objects.all().delete()
    whole = sealed(back(dev, bob, first))
    assert (whole.verdict, findings(whole)) == (Verdict.EXCEPTIONS, {"TicketsTable": [Finding.DATA]})
    assert "the items of then" in next(e for e in whole.entries if e.found).found[0].text


def test_a_worker_that_dies_between_the_end_and_the_record_leaves_one_certificate(
    dev: Environment, bob: User, small: Configuration, edit: Edit, cloud: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(plan(dev, bob), bob)
    edit("visibility_timeout: 120", "visibility_timeout: 60")
    run(plan(dev, bob), bob)

    def die(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as killed:  # before it was certified
        killed.setattr(making, "_read", die)
        with pytest.raises(SystemExit):
            back(dev, bob, first)
    done = Deployment.objects.latest("pk")
    assert (done.status, done.recorded) == (Status.SUCCEEDED, False)
    with monkeypatch.context() as killed:  # certified, and not recorded
        killed.setattr(recording, "record", die)
        with pytest.raises(SystemExit):
            execution.record_late(deployment_id=done.pk)
    text = CertificateDocument.objects.get().text
    assert not Deployment.objects.get(pk=done.pk).recorded
    set_visibility(dev, 99)
    execution.record_late(deployment_id=done.pk)
    execution.record_late(deployment_id=done.pk)
    assert sealed(done).as_dict() == json.loads(text), "it says what was so then"
    assert AuditEntry.objects.filter(deed="certificate.made").count() == 1


def test_what_cannot_be_read_holds_no_record_up_and_ordinary_deployments_are_certified_on_request(
    dev: Environment, bob: User, small: Configuration, edit: Edit, cloud: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(plan(dev, bob), bob)
    with pytest.raises(OutOfDate, match="succeeded and is recorded"):
        making.ask(deployment=plan(dev, bob), actor=bob)
    making.ask(deployment=first, actor=bob)
    making.read_again(deployment_id=first.pk)
    assert CertificateDocument.objects.get().again["verdict"] == "restored"
    edit("visibility_timeout: 120", "visibility_timeout: 60")
    run(plan(dev, bob), bob)
    monkeypatch.setattr(making, "read_all", lambda *_, **__: 1 / 0)
    certificate = sealed(back(dev, bob, first))
    assert (certificate.verdict, certificate.entries) == (Verdict.UNKNOWN, ())
    assert "error in strandsweb itself" in certificate.unread


def test_a_failed_rollback_and_the_last_good_from_the_shell(
    dev: Environment, bob: User, alice: User, small: Configuration, edit: Edit, cloud: str, capsys: Any
) -> None:
    first = run(plan(dev, bob), bob)
    edit("visibility_timeout: 120", "visibility_timeout: 60")
    run(plan(dev, bob), bob)
    fault = {"service": "sqs", "operation": "SetQueueAttributes", "code": "AccessDenied", "status": 403}
    sandbox_call(cloud, "/_sandbox/faults", fault | {"message": "no", "times": 100}, "POST")
    failed = back(dev, bob, first)
    assert failed.status == Status.FAILED
    certificate = sealed(failed)
    assert certificate.verdict is Verdict.NOT_RESTORED
    assert findings(certificate) == {"JobsQueue": [Finding.DIFFERS]}
    sandbox_call(cloud, "/_sandbox/faults", method="DELETE")
    good = rollbacks.last_good(dev, failed)
    assert good.record is not None and good.record.deployment_id == first.public_id
    assert ["quarantined" in why for _, why in good.passed] == [True]
    call_command("rollback", last_good="support-desk/dev", actor="bob")
    assert f"The last good deployment is {first.public_id}." in capsys.readouterr().out
    assert states.load(dev).resources["JobsQueue"].properties["VisibilityTimeout"] == 120
    assert leases.take(environment_id=dev.pk, holder="me", deployment_id=failed.pk) is not None
