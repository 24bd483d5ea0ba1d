"""Blueprints meet the engine and the provisioners: what is synthesised can be made, and then is as it should be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from deployments.aws.calls import Aws
from deployments.aws.refresh import read_all
from deployments.aws.registry import KINDS, PROVISIONERS, provisioners
from deployments.blueprint import Blueprint, EnvironmentFacts, synthesise
from deployments.engine.clock import SystemClock
from deployments.engine.events import Code
from deployments.engine.executor import execute
from deployments.engine.fakes import NeverCancel, RecordingLedger
from deployments.engine.inbox import Inbox
from deployments.engine.plan import Action, Plan, PlanKind
from deployments.engine.planner import Wanted, make_plan
from deployments.engine.resources import Resource
from deployments.engine.state import State
from projects.bundles import read_folder
from projects.configuration import for_environment, parse
from tests.aws.conftest import amend_moto

SAMPLE = Path(__file__).parents[2] / "samples" / "support-desk"
ACCOUNT = "123456789012"
EVERY_SETTING = """
  - {name: archive, type: s3, properties: {versioning: false, expire_after_days: 9}}
  - name: orders
    type: dynamodb
    properties: {partition_key: a, sort_key: b, sort_key_type: N, time_to_live: until, stream: keys-only}
  - {name: lost, type: sqs, properties: {fifo: true, retention: 600, delay: 3}}
  - {name: line, type: sqs, properties: {fifo: true, dead_letter_queue: lost, max_receives: 3}}
  - {name: news, type: sns, properties: {fifo: true, display_name: News}}
  - {name: mail, type: sns, tags: {owner: sales}}
  - {name: signals, type: eventbridge, properties: {description: What happened}}
  - {name: key, type: secret, properties: {description: Opens}}
shared:
  api_gateway: {cors: false}
  monitoring: {xray: true}
"""


def blueprint_of(text: str, *, protected: bool = False) -> Blueprint:
    parsed = parse(text)
    assert parsed.configuration is not None, [str(problem) for problem in parsed.problems]
    return synthesise(
        configuration=for_environment(parsed.configuration, "dev"),
        facts=EnvironmentFacts("support-desk", "dev", ACCOUNT, "us-east-1", protected=protected, version="1"),
        bundle=read_folder(SAMPLE),
    )


@dataclass(slots=True)
class Site:
    """One environment on moto, deployed to as a worker would."""

    state: State
    inbox: Inbox
    aws: Aws

    def plan(self, resources: Sequence[Resource], kind: PlanKind = PlanKind.DEPLOY) -> Plan:
        live = read_all(self.state.resources.values(), provisioners(self.aws, _no_code))
        return make_plan(Wanted(kind, "support-desk", resources), state=self.state, live=live, kinds=KINDS)

    def deploy(self, blueprint: Blueprint, kind: PlanKind = PlanKind.DEPLOY) -> Plan:
        plan = self.plan(() if kind is PlanKind.DESTROY else blueprint.resources, kind)
        ledger = RecordingLedger(self.state)
        outcome = execute(
            plan=plan,
            state=self.state,
            provisioners=provisioners(self.aws, lambda sha256: blueprint.artifacts[sha256].pack()),
            ledger=ledger,
            clock=SystemClock(),
            control=NeverCancel(),
            inbox=self.inbox,
            parallelism=8,
            worker="test",
            run_token=f"run-{self.state.serial}",
        )
        assert outcome.status == "succeeded", [event for event in ledger.events if event.code is Code.STEP_FAILED]
        self.state = outcome.state
        return plan


def _no_code(sha256: str) -> bytes:
    raise AssertionError("a plan needs no code")


@pytest.fixture
def site() -> Iterator[Site]:
    with mock_aws():
        amend_moto()
        session = boto3.Session("test", "test", region_name="us-east-1")
        inbox = Inbox(SystemClock())
        state = State(serial=0, lineage="test", environment="dev", region="us-east-1", account=ACCOUNT)
        yield Site(state, inbox, Aws(session, account=ACCOUNT, region="us-east-1", listener=inbox))


def acted_on(plan: Plan) -> list[tuple[str, str]]:
    return [(change.action, change.logical_id) for change in plan.changes if change.action is not Action.NO_CHANGE]


def test_the_sample_is_made_stays_as_it_is_changes_by_the_minimum_and_goes(site: Site) -> None:
    text = (SAMPLE / "strands.yaml").read_text()
    blueprint = blueprint_of(text)
    assert site.deploy(blueprint).counts()["create"] == len(blueprint.resources)
    assert site.plan(blueprint.resources).is_empty
    for before, after, expected in [
        ("memory: 256", "memory: 512", [("update", "ReporterFunction")]),
        ("visibility_timeout: 360", "visibility_timeout: 400", [("update", "JobsQueue")]),
        (
            "GET /report",
            "GET /reports",  # another route is another logical id, with the permission that goes with it
            [
                ("create", "ReporterGetReportsPermission"),
                ("create", "ReporterGetReportsRoute"),
                ("delete", "ReporterGetReportPermission"),
                ("delete", "ReporterGetReportRoute"),
            ],
        ),
    ]:
        assert before in text
        text = text.replace(before, after)
        blueprint = blueprint_of(text)
        assert sorted(acted_on(site.deploy(blueprint))) == expected
        assert site.plan(blueprint.resources).is_empty
    site.deploy(blueprint, PlanKind.DESTROY)
    assert site.state.resources == {}


def test_every_setting_is_read_back_as_it_was_written_and_protected_data_outlives_a_destroy(site: Site) -> None:
    before, _, after = (SAMPLE / "strands.yaml").read_text().partition("\nshared:")
    environments = after[after.index("\nenvironments:") :]
    blueprint = blueprint_of(before + EVERY_SETTING + environments, protected=True)
    site.deploy(blueprint)
    assert site.plan(blueprint.resources).is_empty
    site.deploy(blueprint, PlanKind.DESTROY)
    kept = {resource.logical_id for resource in blueprint.resources if resource.retain}
    assert set(site.state.resources) == kept > {"TicketsTable", "OrdersTable", "UploadsBucket", "CrmTokenSecret"}


STARTED = """
project: {name: support-desk, region: us-east-1}
agents:
  - name: started
    path: ./apps/triage
    layers: [./apps/triage, "arn:aws:lambda:us-east-1:123456789012:layer:theirs:1"]
    triggers:
      - {resource: files, prefix: incoming/, suffix: .pdf}
      - {resource: news}
      - {resource: bus, pattern: {source: [desk]}}
      - {resource: orders}
    uses: [{resource: files, access: read-write}]
  - name: called
    path: ./apps/triage
    alias: live
    function_url: iam
    reserved_concurrency: 5
    triggers: [{schedule: "rate(5 minutes)"}, {resource: files, suffix: .txt}]
    routes: ["POST /called"]
resources:
  - {name: files, type: s3}
  - {name: news, type: sns}
  - {name: lost, type: sqs}
  - {name: bus, type: eventbridge}
  - {name: orders, type: dynamodb, properties: {partition_key: id, stream: new-image}}
environments:
  dev: {account: "123456789012"}
"""


def test_whatever_starts_an_agent_is_made_and_a_new_version_takes_over(site: Site) -> None:
    site.aws.call("lambda", "publish_layer_version", LayerName="theirs", Content={"ZipFile": b"zip"})
    blueprint = blueprint_of(STARTED)
    assert not blueprint.problems
    site.deploy(blueprint)
    assert acted_on(site.plan(blueprint.resources)) == []
    bucket = site.state.resources["FilesBucket"]
    answer = site.aws.call("s3", "get_bucket_notification_configuration", Bucket=bucket.physical_id)
    called = {entry["LambdaFunctionArn"].rpartition(":")[2] for entry in answer["LambdaFunctionConfigurations"]}
    assert called == {"strands-support-desk-dev-started", "live"}
    blueprint = blueprint_of(STARTED.replace("alias: live", "alias: live\n    memory: 1024"))
    actions = acted_on(site.deploy(blueprint))
    versions = [(action, name) for action, name in actions if "Version" in name]
    assert sorted(action for action, _ in versions) == ["create", "delete"]
    assert {("update", "CalledAlias"), ("update", "CalledFunction")} == set(actions) - set(versions)
    alias = site.aws.call("lambda", "get_alias", FunctionName="strands-support-desk-dev-called", Name="live")
    assert alias["FunctionVersion"] == "2"
    site.deploy(blueprint, PlanKind.DESTROY)
    assert site.state.resources == {}


def test_a_network_is_made_changes_without_moving_a_subnet_and_goes(site: Site) -> None:
    text = (SAMPLE / "strands.yaml").read_text()
    before, _, after = text.partition("\nshared:")
    environments = after[after.index("\nenvironments:") :]
    vpc = "\nshared:\n  vpc: {enabled: true, endpoints: [s3, sqs]%s}"
    blueprint = blueprint_of(before + vpc % "" + environments)
    site.deploy(blueprint)
    assert site.plan(blueprint.resources).is_empty
    blueprint = blueprint_of(before + vpc % ", nat: true" + environments)
    changed = acted_on(site.deploy(blueprint))
    assert {action for action, _ in changed} == {"create"}
    assert ("create", "PrivateRoute") in changed
    assert site.plan(blueprint.resources).is_empty
    functions = [entry for entry in site.state.resources.values() if entry.type == "AWS::Lambda::Function"]
    private = {site.state.resources[name].physical_id for name in ("PrivateSubnet1", "PrivateSubnet2")}
    assert functions and all(set(entry.properties["VpcConfig"]["SubnetIds"]) == private for entry in functions)
    site.deploy(blueprint, PlanKind.DESTROY)
    assert site.state.resources == {}
    (default,) = site.aws.call("ec2", "describe_vpcs")["Vpcs"]
    assert default["IsDefault"]


@pytest.mark.parametrize("way_out", ["", ", nat: true"])
def test_a_network_moves_to_another_range_while_it_is_used(site: Site, way_out: str) -> None:
    """The cloud gives up nothing that is still used: the new network first, the functions move, the old one last."""
    before, _, after = (SAMPLE / "strands.yaml").read_text().partition("\nshared:")
    environments = after[after.index("\nenvironments:") :]
    vpc = f"\nshared:\n  vpc: {{enabled: true, cidr: %s, endpoints: [s3, sqs], flow_logs: true{way_out}}}"
    site.deploy(blueprint_of(before + vpc % "10.0.0.0/16" + environments))
    old = site.state.resources["Vpc"].physical_id
    blueprint = blueprint_of(before + vpc % "10.1.0.0/16" + environments)
    plan = site.deploy(blueprint)
    assert {change.logical_id for change in plan.changes if change.replaced_as} >= {"Vpc", "PrivateSubnet1"}
    assert site.plan(blueprint.resources).is_empty
    assert not [name for name in site.state.resources if "." in name]
    functions = [entry for entry in site.state.resources.values() if entry.type == "AWS::Lambda::Function"]
    private = {site.state.resources[name].physical_id for name in ("PrivateSubnet1", "PrivateSubnet2")}
    assert functions and all(set(entry.properties["VpcConfig"]["SubnetIds"]) == private for entry in functions)
    vpcs = {vpc["VpcId"]: vpc["CidrBlock"] for vpc in site.aws.call("ec2", "describe_vpcs")["Vpcs"]}
    assert old not in vpcs and vpcs[site.state.resources["Vpc"].physical_id] == "10.1.0.0/16"
    site.deploy(blueprint, PlanKind.DESTROY)
    assert site.state.resources == {}


def test_a_new_version_or_deployer_alone_is_no_reason_to_touch_anything(site: Site) -> None:
    text = (SAMPLE / "strands.yaml").read_text()
    site.deploy(blueprint_of(text))
    parsed = parse(text).configuration
    assert parsed is not None
    facts = EnvironmentFacts("support-desk", "dev", ACCOUNT, "us-east-1", version="2", deployed_by="somebody else")
    later = synthesise(configuration=for_environment(parsed, "dev"), facts=facts, bundle=read_folder(SAMPLE))
    assert site.plan(later.resources).is_empty


def test_every_type_that_is_synthesised_can_be_provisioned() -> None:
    before, _, after = (SAMPLE / "strands.yaml").read_text().partition("\nshared:")
    blueprint = blueprint_of(before + EVERY_SETTING + after[after.index("\nenvironments:") :])
    for resource in blueprint.resources:
        assert set(resource.properties) <= PROVISIONERS[resource.type].supported, resource.logical_id
