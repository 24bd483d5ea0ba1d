"""The tagging API knows every kind of resource the product tags, in batches and pages; policies hold as in AWS."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from strandsweb.sandbox.starter import Sandbox
from tests.sandbox.conftest import client

pytestmark = pytest.mark.processes

HERE = "us-east-1:123456789012"
READ_ALL = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


MAKERS: dict[str, Callable[[Callable[[str], Any]], str]] = {
    "apigateway": lambda of: (
        f"arn:aws:apigateway:us-east-1::/restapis/{of('apigateway').create_rest_api(name='tagged')['id']}"
    ),
    "apigatewayv2": lambda of: (
        "arn:aws:apigateway:us-east-1::/apis/"
        + of("apigatewayv2").create_api(Name="tagged", ProtocolType="HTTP")["ApiId"]
    ),
    "cognito-idp": lambda of: of("cognito-idp").create_user_pool(PoolName="tagged")["UserPool"]["Arn"],
    "dashboard": lambda of: (
        of("cloudwatch").put_dashboard(DashboardName="tagged", DashboardBody="{}")
        and "arn:aws:cloudwatch::123456789012:dashboard/tagged"
    ),
    "ecr": lambda of: of("ecr").create_repository(repositoryName="tagged")["repository"]["repositoryArn"],
    "events": lambda of: of("events").put_rule(Name="tagged", ScheduleExpression="rate(1 day)")["RuleArn"],
    "iam": lambda of: of("iam").create_policy(PolicyName="tagged", PolicyDocument=document(READ_ALL))["Policy"]["Arn"],
    "logs": lambda of: of("logs").create_log_group(logGroupName="tagged") and f"arn:aws:logs:{HERE}:log-group:tagged",
    "s3": lambda of: of("s3").create_bucket(Bucket="tagged-bucket") and "arn:aws:s3:::tagged-bucket",
    "sns": lambda of: of("sns").create_topic(Name="tagged")["TopicArn"],
    "sqs": lambda of: of("sqs").create_queue(QueueName="tagged") and f"arn:aws:sqs:{HERE}:tagged",
    "xray": lambda of: of("xray").create_group(GroupName="tagged")["Group"]["GroupARN"],
}


def listed(tagging: Any, **filters: Any) -> dict[str, dict[str, str]]:
    pages = tagging.get_paginator("get_resources").paginate(ResourcesPerPage=5, **filters)
    return {
        entry["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in entry["Tags"]}
        for page in pages
        for entry in page["ResourceTagMappingList"]
    }


def test_a_batch_is_tagged_listed_in_pages_and_untagged(sandbox: Sandbox) -> None:
    def of(service: str) -> Any:
        return client(service, sandbox)

    arns = {service: make(of) for service, make in MAKERS.items()}
    tagging = of("resourcegroupstaggingapi")
    nobody = "arn:aws:iam::123456789012:role/nobody"
    failed = tagging.tag_resources(ResourceARNList=[*arns.values(), nobody], Tags={"squad": "batch", "tier": "gold"})
    assert set(failed["FailedResourcesMap"]) == {nobody}
    found = listed(tagging, TagFilters=[{"Key": "squad", "Values": ["batch"]}])
    assert found == {arn: {"squad": "batch", "tier": "gold"} for arn in arns.values()}
    tagging.tag_resources(ResourceARNList=list(arns.values()), Tags={"squad": "batches"})
    assert set(listed(tagging, TagFilters=[{"Key": "squad", "Values": ["batches"]}])) == set(arns.values())
    assert of("ecr").list_tags_for_resource(resourceArn=arns["ecr"])["tags"]
    assert of("sqs").list_queue_tags(QueueUrl=of("sqs").get_queue_url(QueueName="tagged")["QueueUrl"])["Tags"] == {
        "squad": "batches",
        "tier": "gold",
    }
    assert tagging.untag_resources(ResourceARNList=list(arns.values()), TagKeys=["squad", "tier"]) | {
        "ResponseMetadata": None
    } == {"FailedResourcesMap": {}, "ResponseMetadata": None}
    assert not listed(tagging, TagFilters=[{"Key": "squad"}])
    with pytest.raises(ClientError, match="1 to 20 ARNs"):
        tagging.tag_resources(ResourceARNList=[nobody] * 21, Tags={"a": "b"})


def test_a_tables_tag_has_one_value(sandbox: Sandbox) -> None:
    tables = client("dynamodb", sandbox)
    key = {"AttributeName": "id", "KeyType": "HASH"}
    arn = tables.create_table(
        TableName="tagged-table",
        KeySchema=[key],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )["TableDescription"]["TableArn"]
    for value in ("one", "two"):
        tables.tag_resource(ResourceArn=arn, Tags=[{"Key": "team", "Value": value}])
    assert tables.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "two"}]


def test_a_queues_policy_outlives_a_change_of_something_else(sandbox: Sandbox) -> None:
    queues = client("sqs", sandbox)
    url = queues.create_queue(QueueName="guarded")["QueueUrl"]
    policy = document({"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*", "Condition": {}})
    queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    queues.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "7"})
    told = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert json.loads(told["Policy"]) == json.loads(policy) and told["VisibilityTimeout"] == "7"
    queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    assert "Policy" not in queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def test_a_bucket_that_wants_tls_takes_objects_and_one_that_denies_all_does_not(sandbox: Sandbox) -> None:
    buckets = client("s3", sandbox)
    buckets.create_bucket(Bucket="guarded-bucket")
    denied = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::guarded-bucket/*"}
    without_tls = {**denied, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    buckets.put_bucket_policy(Bucket="guarded-bucket", Policy=document(without_tls))
    buckets.put_object(Bucket="guarded-bucket", Key="a", Body=b"one")
    assert buckets.get_object(Bucket="guarded-bucket", Key="a")["Body"].read() == b"one"
    buckets.put_bucket_policy(Bucket="guarded-bucket", Policy=document(denied))
    with pytest.raises(ClientError):
        buckets.put_object(Bucket="guarded-bucket", Key="b", Body=b"two")
    buckets.delete_bucket_policy(Bucket="guarded-bucket")


def test_a_managed_policy_goes_when_nothing_hangs_on_it(sandbox: Sandbox) -> None:
    iam = client("iam", sandbox)
    arn = iam.create_policy(PolicyName="used", PolicyDocument=document(READ_ALL))["Policy"]["Arn"]
    iam.create_role(RoleName="user-of-policy", AssumeRolePolicyDocument=document())
    iam.attach_role_policy(RoleName="user-of-policy", PolicyArn=arn)
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_policy(PolicyArn=arn)
    iam.detach_role_policy(RoleName="user-of-policy", PolicyArn=arn)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(READ_ALL), SetAsDefault=True)
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_policy(PolicyArn=arn)
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    iam.delete_policy(PolicyArn=arn)


def test_trace_groups_are_refused_as_xray_refuses_them(sandbox: Sandbox) -> None:
    xray = client("xray", sandbox)
    made = xray.create_group(GroupName="desk", FilterExpression="fault = true")["Group"]
    for refused in (
        lambda: xray.create_group(GroupName="desk"),
        lambda: xray.create_group(GroupName="x" * 33),
        lambda: xray.get_group(GroupName="none"),
    ):
        with pytest.raises(xray.exceptions.InvalidRequestException):
            refused()
    assert xray.get_group(GroupARN=made["GroupARN"])["Group"] == made
    assert made["GroupName"] in {group["GroupName"] for group in xray.get_groups()["Groups"]}
    with pytest.raises(xray.exceptions.ResourceNotFoundException):
        xray.list_tags_for_resource(ResourceARN=made["GroupARN"][:-1])
    xray.delete_group(GroupName="desk")
