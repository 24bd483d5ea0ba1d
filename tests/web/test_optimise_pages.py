"""The report of duplicates and the change of strands.yaml for one: seen by all members, saved by those who may edit."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deployments.engine.plan import Action, Change, Origin, PropertyChange, Reason
from deployments.errors import OutOfDate, WorkflowError
from deployments.models import DriftCheck, EnvironmentState, StateEntry
from deployments.optimising import report as reports
from deployments.optimising.proposals import NotMergeable
from projects import editing
from projects.models import Configuration, Environment, Project, SourceBundle, User
from tests.conftest import SAMPLE
from tests.web.conftest import Visit

pytestmark = pytest.mark.django_db
Record = Callable[..., None]


@pytest.fixture
def text(project: Project, dev: Environment, source: SourceBundle, alice: User) -> str:
    """The sample for this account, with a bus of no use."""
    sample = (SAMPLE / "strands.yaml").read_text().replace("123456789012", dev.account)
    found = sample.replace(
        "  - {name: crm-token", "  - {name: spare, type: eventbridge}   # some day\n  - {name: crm-token"
    )
    editing.save_configuration(project=project, text=found, author=alice, message="", base_number=None)
    return found


@pytest.fixture
def record(dev: Environment) -> Record:
    """Records a resource of dev (or of another environment)."""

    def write(logical_id: str, type_name: str, environment: Environment = dev, **properties: Any) -> None:
        EnvironmentState.objects.get_or_create(environment=environment)
        StateEntry.objects.create(
            environment=environment,
            logical_id=logical_id,
            stack="shared-infrastructure",
            type=type_name,
            physical_id=f"id-{logical_id}",
            body={"type": type_name, "physicalId": f"id-{logical_id}", "properties": properties},
        )

    return write


def address(key: str = "") -> str:
    """The report of dev, or one of its findings."""
    if not key:
        return reverse("environment-optimise", args=["support-desk", "dev"])
    return reverse("environment-optimise-finding", args=["support-desk", "dev", key])


def see(client: Client, url: str) -> str:
    """The page as text."""
    return unescape(client.get(url, follow=True).content.decode())


def test_an_empty_report_says_what_would_be_there(dev: Environment, vera: User, visit: Visit, record: Record) -> None:
    page = see(visit(vera), address())
    assert "Nothing is deployed here" in page and "There is no configuration yet." in page
    record("TicketsTable", "AWS::DynamoDB::Table")
    page = see(visit(vera), address())
    assert "Nothing to merge" in page and "1 recorded resource compared as recorded" in page
    assert reports.report_of(dev).monthly_usd == 0


def test_a_finding_becomes_a_revision_and_nothing_else(
    dev: Environment, text: str, project: Project, bob: User, vera: User, visit: Visit, record: Record
) -> None:
    record("SpareEventBus", "AWS::Events::EventBus", Name="spare")
    assert address() in see(visit(vera), reverse("environment", args=["support-desk", "dev"]))
    [finding] = reports.report_of(dev).findings
    listing = see(visit(vera), address())
    assert "Nothing uses the event bus spare" in listing and "change ready" in listing
    page = see(visit(vera), address(finding.key))
    assert "- {name: spare, type: eventbridge}   # some day" in page and "deletes" in page
    assert "Save as revision" not in page and "Somebody who may edit" in page
    client = visit(bob)
    assert "Save as revision 2" in see(client, address(finding.key))
    stale = client.post(address(finding.key), {"base": "7"}, follow=True)
    assert "saved in the meantime" in stale.content.decode()
    assert "saved in the meantime" in client.post(address(finding.key), {"base": "x"}, follow=True).content.decode()
    done = client.post(address(finding.key), {"base": "1"})
    assert done["Location"] == reverse("environment-plan", args=["support-desk", "dev"])
    latest = project.latest_configuration
    assert latest is not None
    assert (latest.number, latest.author_text, latest.message) == (2, "bob", "Nothing uses the event bus spare")
    assert latest.text == text.replace("  - {name: spare, type: eventbridge}   # some day\n", "")
    assert reports.report_of(dev).findings == (), "what is no longer declared is the plan's affair"
    assert "no longer found" in see(client, address(finding.key))
    assert "no longer found" in client.post(address(finding.key), {"base": "2"}, follow=True).content.decode()


def test_what_cannot_be_said_in_the_configuration_is_told_by_hand(
    dev: Environment, text: str, bob: User, visit: Visit, record: Record
) -> None:
    beside = Environment.objects.create(project=dev.project, name="beside", account=dev.account, region=dev.region)
    record("NatGateway", "AWS::EC2::NatGateway", SubnetId="s-1")
    record("NatGateway", "AWS::EC2::NatGateway", beside, SubnetId="s-2")
    [finding] = reports.report_of(dev).findings
    page = see(visit(bob), address(finding.key))
    assert "dev and beside each have a NAT gateway" in page
    assert "a network of its own" in page and "Save as revision" not in page
    with pytest.raises(WorkflowError, match="a network of its own"):
        reports.merge(environment=dev, key=finding.key, base_number=1, actor=bob)
    assert "$" in see(visit(bob), address())


def test_a_revision_saved_meanwhile_is_not_overwritten(
    dev: Environment, text: str, project: Project, bob: User, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    record("SpareEventBus", "AWS::Events::EventBus", Name="spare")
    [finding] = reports.report_of(dev).findings
    proposal = reports.proposal_for(dev, finding)
    editing.save_configuration(project=project, text=text + "# more\n", author=bob, message="", base_number=1)
    monkeypatch.setattr(reports, "proposal_for", lambda environment, finding: proposal)
    with pytest.raises(OutOfDate, match="bob saved revision 2"):
        reports.merge(environment=dev, key=finding.key, base_number=1, actor=bob)


def group(record: Record, name: str, *rules: dict[str, Any]) -> None:
    """A recorded security group."""
    record(name, "AWS::EC2::SecurityGroup", GroupName=name, VpcId="vpc-1", SecurityGroupEgress=list(rules))


def drifted(logical_id: str, *properties: PropertyChange, reason: Reason = Reason.OUTSIDE) -> dict[str, Any]:
    """A row of the last look."""
    return Change("s", logical_id, "AWS::EC2::SecurityGroup", Action.UPDATE, reason, properties=properties).as_dict()


def test_what_is_live_counts_where_somebody_looked(dev: Environment, text: str, record: Record) -> None:
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}
    for name in ("A", "B", "C", "D", "E"):
        group(record, name, rule)
    assert reports.report_of(dev).findings[0].logical_ids == ("A", "B", "C", "D", "E")
    rows = [
        drifted("A", PropertyChange("SecurityGroupEgress", [], [rule], origin=Origin.OUTSIDE)),
        drifted("B", reason=Reason.DELETED_OUTSIDE),
        drifted("C", PropertyChange("SecurityGroupEgress.0.CidrIp", "10.0.0.0/8", "0.0.0.0/0", origin=Origin.OUTSIDE)),
        drifted(
            "D",
            PropertyChange("GroupName", after="D", origin=Origin.OUTSIDE),
            PropertyChange("Tags.team", "x", "y", origin=Origin.OUTSIDE),
            PropertyChange("VpcId", "vpc-9", "vpc-1"),
        ),
    ]
    DriftCheck.objects.create(environment=dev, status="drifted", rows=rows, checked_at=timezone.now())
    report = reports.report_of(dev)
    assert [finding.logical_ids for finding in report.findings] == [("D", "E")]
    assert (report.left_out, report.compared) == (("C",), 3)


def test_a_long_report_shows_what_saves_most(dev: Environment, text: str, vera: User, visit: Visit) -> None:
    EnvironmentState.objects.create(environment=dev)
    kind = "AWS::EC2::SecurityGroup"
    StateEntry.objects.bulk_create(
        StateEntry(
            environment=dev,
            logical_id=f"G{number}",
            stack="s",
            type=kind,
            physical_id=f"sg-{number}",
            body={"type": kind, "physicalId": f"sg-{number}", "properties": {"VpcId": f"vpc-{number // 2}"}},
        )
        for number in range(402)
    )
    page = see(visit(vera), address())
    assert page.count('class="finding"') == 200 and "The 200 that save most of 201" in page


def test_a_configuration_that_cannot_be_used_offers_nothing(
    dev: Environment, text: str, project: Project, alice: User, bob: User, visit: Visit, record: Record
) -> None:
    for name in ("A", "B"):
        group(record, name)
    for wrong, told in ((text.replace("  dev: {", "  other: {"), "does not name dev"), ("agents: [", "has problems")):
        latest = project.latest_configuration
        assert latest is not None
        editing.save_configuration(project=project, text=wrong, author=alice, message="", base_number=latest.number)
        report = reports.report_of(dev)
        assert told in report.unreadable and told in report.findings[0].by_hand
        assert told in see(visit(bob), address(report.findings[0].key))
    Configuration.objects.all().delete()
    with pytest.raises(NotMergeable, match="no configuration"):
        reports.proposal_for(dev, report.findings[0])


def test_a_source_that_is_lost_is_no_reason_to_fail(
    dev: Environment, text: str, source: SourceBundle, record: Record
) -> None:
    SourceBundle.objects.update(digest="0" * 64)
    record("SpareEventBus", "AWS::Events::EventBus", Name="spare")
    [finding] = reports.report_of(dev).findings
    with pytest.raises(NotMergeable, match="no source bundle"):
        reports.proposal_for(dev, finding)
