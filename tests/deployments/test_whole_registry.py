"""Whole projects of every kind on a real sandbox: deployed, planned again, changed, mended, destroyed, and all gone."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from deployments import states
from deployments.models import Deployment, Status
from projects import editing
from projects.bundles import read_folder
from projects.models import Environment, Project, User
from tests.conftest import protect
from tests.deployments.conftest import actions, plan, run, sandbox_call

pytestmark = pytest.mark.django_db

HEAD = "project: {{name: support-desk, region: us-east-1}}\n"
TAIL = '\nenvironments:\n  dev: {{account: "{account}"}}\n  prod: {{account: "{account}"}}\n'

NETWORK = """
agents:
  - {name: desk, path: ./desk, memory: 128, uses: [{resource: jobs, access: write}]}
  - {name: crm, path: ./desk, memory: 128, isolated: true, egress: ["tcp:5432 10.20.0.0/16"]}
resources: [{name: jobs, type: sqs}]
shared:
  vpc: {enabled: true, nat: true, endpoints: [s3, dynamodb, sqs]}
  monitoring: {alarms: false}
"""
FROM_POOL = """
agents: [{name: desk, path: ./desk, memory: 128}]
shared:
  vpc: {ipam: {pool_id: POOL, netmask_length: 24}, flow_logs: false}
  monitoring: {alarms: false}
"""
FUNCTIONS = """
agents:
  - name: desk
    path: ./desk
    memory: 128
    function_url: iam
    alias: live
    layers: [./layers/common]
    reserved_concurrency: 5
    dead_letter: lost
    triggers:
      - {resource: jobs, batch_size: 5}
      - {schedule: "rate(5 minutes)"}
      - {resource: files, prefix: in/, suffix: .txt}
      - {resource: news}
      - {resource: bus, pattern: {source: [desk]}}
      - {resource: items}
  - {name: open, path: ./desk, memory: 128, function_url: none, dead_letter: news, triggers: [{resource: files, prefix: out/}]}
resources:
  - {name: jobs, type: sqs, properties: {visibility_timeout: 180}}
  - {name: lost, type: sqs}
  - {name: files, type: s3}
  - {name: news, type: sns}
  - {name: bus, type: eventbridge}
  - {name: items, type: dynamodb, properties: {partition_key: id, stream: new-image}}
  - {name: clicks, type: "AWS::Kinesis::Stream", properties: {ShardCount: 1, RetentionPeriodHours: 24}}
  - {name: setting, type: "AWS::SSM::Parameter", properties: {Type: String, Value: calm}}
shared:
  monitoring: {xray: true}
"""  # noqa: E501


@pytest.fixture
def save(project: Project, alice: User, account: str, tmp_path: Path) -> Callable[[str], None]:
    """Saves the configuration with this in its middle; the source bundle has one agent and one layer."""
    for name, text in (
        ("desk/main.py", "def handler(event, context):\n    return event\n"),
        ("layers/common/a.txt", "a"),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    editing.add_source(project=project, bundle=read_folder(tmp_path), origin="folder", author=alice)

    def save_text(middle: str) -> None:
        latest = project.latest_configuration
        editing.save_configuration(
            project=project,
            text=HEAD.format() + middle + TAIL.format(account=account),
            author=alice,
            message="",
            base_number=latest.number if latest else None,
        )

    return save_text


@pytest.fixture
def client(cloud: str, account: str) -> Callable[[str], Any]:
    """Clients in the environment's account."""
    place = {"region_name": "us-east-1", "endpoint_url": cloud}
    sts = boto3.client("sts", aws_access_key_id="x", aws_secret_access_key="x", **place)
    keys = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/x", RoleSessionName="test")["Credentials"]
    return lambda service: boto3.client(
        service,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        **place,
    )


def inventory(cloud: str, account: str) -> dict[str, list[str]]:
    """What exists, by type."""
    regions = sandbox_call(cloud, "/_sandbox/inventory")["accounts"].get(account, {})
    found: dict[str, list[str]] = {}
    for kinds in regions.values():
        for kind, there in kinds.items():
            found.setdefault(kind, []).extend(there["ids"])
    return found


def all_counted(environment: Environment, there: dict[str, list[str]]) -> None:
    """The inventory has everything that the state says there is."""
    recorded = Counter(entry.type for entry in states.load(environment).resources.values())
    counted = {kind: len(ids) for kind, ids in there.items()}
    assert {kind: count for kind, count in recorded.items() if counted.get(kind, 0) < count} == {}


def done(deployment: Deployment, actor: User) -> Deployment:
    """Carried out, and nothing left to do."""
    ended = run(deployment, actor)
    assert ended.status == Status.SUCCEEDED, [step.error for step in ended.steps.all() if step.error] or ended.error
    again = plan(deployment.environment, actor, kind=deployment.kind)
    assert again.status == Status.UNCHANGED, [
        (change.logical_id, change.action, [(p.path, p.before, p.after) for p in change.properties])
        for change in again.plan.value().changes
        if change.action.value != "no-change"
    ]
    return ended


def test_a_network_with_functions_in_it(
    dev: Environment, bob: User, save: Callable[[str], None], client: Any, cloud: str, account: str
) -> None:
    before = inventory(cloud, account)
    save(NETWORK)
    done(plan(dev, bob), bob)
    made = inventory(cloud, account)
    all_counted(dev, made)
    assert len(made["AWS::EC2::VPCEndpoint"]) == 3 and len(made["AWS::EC2::Subnet"]) == 4
    resources, ec2 = states.load(dev).resources, client("ec2")
    group = resources["AgentsTcp543210200016SecurityGroup"].physical_id
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    mending = plan(dev, bob)
    assert actions(mending) == {"AgentsTcp543210200016SecurityGroup": "update"}
    done(mending, bob)
    assert ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"] == []
    save(NETWORK.replace("dynamodb, sqs]", "sqs, logs]").replace("tcp:5432", "tcp:3306"))
    changing = plan(dev, bob)
    changed = actions(changing)
    assert changed["DynamodbEndpoint"] == "delete" and changed["LogsEndpoint"] == "create"
    assert changed["CrmFunction"] == "update", "it moves to the group with the other door"
    assert not {"Vpc", "NatGateway", "PrivateSubnet1"} & set(changed)
    done(changing, bob)
    done(plan(dev, bob, kind="destroy"), bob)
    assert inventory(cloud, account) == before


def test_networks_from_a_pool_do_not_overlap_and_go_back_to_it(
    dev: Environment, prod: Environment, bob: User, alice: User, save: Callable[[str], None], client: Any
) -> None:
    ec2 = client("ec2")
    ipam = ec2.create_ipam(OperatingRegions=[{"RegionName": "us-east-1"}])["Ipam"]
    scope = ipam["PrivateDefaultScopeId"]
    pool = ec2.create_ipam_pool(IpamScopeId=scope, AddressFamily="ipv4", Locale="us-east-1")["IpamPool"]["IpamPoolId"]
    settled(lambda: ec2.describe_ipam_pools(IpamPoolIds=[pool])["IpamPools"][0]["State"] == "create-complete")
    ec2.provision_ipam_pool_cidr(IpamPoolId=pool, Cidr="10.40.0.0/22")
    settled(lambda: ec2.get_ipam_pool_cidrs(IpamPoolId=pool)["IpamPoolCidrs"][0]["State"] == "provisioned")
    Environment.objects.filter(pk=prod.pk).update(account=dev.account)
    prod.refresh_from_db()
    protect(prod, approvals=0)
    save(FROM_POOL.replace("POOL", pool))
    for environment in (dev, prod):
        done(plan(environment, bob), bob)

    def taken() -> list[str]:
        return sorted(one["Cidr"] for one in ec2.get_ipam_pool_allocations(IpamPoolId=pool)["IpamPoolAllocations"])

    networks = [states.load(one).resources["Vpc"].attributes["CidrBlock"] for one in (dev, prod)]
    assert taken() == sorted(networks) == ["10.40.0.0/24", "10.40.1.0/24"]
    subnets = {
        entry.properties["CidrBlock"]
        for entry in states.load(prod).resources.values()
        if "Subnet" in entry.type and "CidrBlock" in entry.properties
    }
    assert all(block.startswith(networks[1].removesuffix("0/24")) for block in subnets) and len(subnets) == 2
    done(plan(dev, bob, kind="destroy"), bob)
    assert taken() == networks[1:]
    done(plan(dev, bob), bob)
    assert taken() == sorted(networks), "what was given back is taken again"
    for environment in (dev, prod):
        done(plan(environment, bob, kind="destroy"), bob)
    assert taken() == []


def test_functions_with_everything_they_can_have(
    dev: Environment, bob: User, save: Callable[[str], None], client: Any, cloud: str, account: str
) -> None:
    before = inventory(cloud, account)
    save(FUNCTIONS)
    done(plan(dev, bob), bob)
    all_counted(dev, inventory(cloud, account))
    desk = states.load(dev).resources["DeskFunction"].physical_id
    functions = client("lambda")
    mappings = functions.list_event_source_mappings(FunctionName=f"{desk}:live")["EventSourceMappings"]
    assert len(mappings) == 2, "the queue and the table start the alias"
    assert functions.get_function_url_config(FunctionName=desk, Qualifier="live")["AuthType"] == "AWS_IAM"
    assert functions.get_function_concurrency(FunctionName=desk)["ReservedConcurrentExecutions"] == 5
    save(
        FUNCTIONS.replace("memory: 128\n    function_url: iam", "memory: 256\n    function_url: none")
        .replace("reserved_concurrency: 5", "reserved_concurrency: 6")
        .replace("dead_letter: lost", "dead_letter: news")
        .replace("batch_size: 5", "batch_size: 6")
        .replace("prefix: in/", "prefix: input/")
        .replace("source: [desk]", "source: [shop]")
        .replace("RetentionPeriodHours: 24", "RetentionPeriodHours: 48")
        .replace("Value: calm", "Value: busy")
    )
    changing = plan(dev, bob)
    changed = actions(changing)
    updated = {states.load(dev).resources[name].type for name, action in changed.items() if action == "update"}
    assert {"AWS::Kinesis::Stream", "AWS::SSM::Parameter", "AWS::Lambda::Url", "AWS::Lambda::Alias"} <= updated
    assert sorted(action for name, action in changed.items() if "DeskVersion" in name) == ["create", "delete"]
    done(changing, bob)
    done(plan(dev, bob, kind="destroy"), bob)
    assert inventory(cloud, account) == before


def settled(probe: Callable[[], bool]) -> None:
    """Waits for it, not for long."""
    deadline = time.monotonic() + 10
    while not probe():
        assert time.monotonic() < deadline
        time.sleep(0.05)
