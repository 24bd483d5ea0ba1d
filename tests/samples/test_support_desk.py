"""The sample's agents run as Lambda would run them, against moto, and leave real effects."""

import base64
import filecmp
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto import mock_aws

from projects.bundles import check_handler, package_agent, read_folder, read_zip
from projects.configuration import for_environment, parse, secret_variable_name, variable_name

SAMPLE = Path(__file__).parents[2] / "samples" / "support-desk"


def load_ask() -> ModuleType:
    spec = importlib.util.spec_from_file_location("support_desk_ask", SAMPLE / "ask.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ask = load_ask()


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """A simulated AWS with the sample's resources, and the environment that agents find."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("MODEL_PROVIDER", "MODEL_ID", "AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        created = ask.create_resources()
        for name, value in created.items():
            monkeypatch.setenv(name, value)
        yield created


def post(question: str, **fields: str) -> dict[str, Any]:
    """What the API answers to a question."""
    with ask.agent("customer-support") as support:
        reply = support.handler(ask.http_event("POST", "/support", {"question": question, **fields}), None)
    assert reply["headers"]["content-type"] == "application/json"
    return {"status": reply["statusCode"], **json.loads(reply["body"])}


def rows() -> list[dict[str, Any]]:
    return boto3.resource("dynamodb").Table("tickets").scan()["Items"]


def put_ticket(ticket_id: str, text: str, priority: str = "unknown") -> None:
    item = {"id": ticket_id, "text": text, "priority": priority, "status": "open"}
    boto3.resource("dynamodb").Table("tickets").put_item(Item=item)


def batch(*ticket_ids: str) -> dict[str, Any]:
    records = [
        {"messageId": f"m-{number}", "body": json.dumps({"ticket_id": i})} for number, i in enumerate(ticket_ids)
    ]
    return {"Records": records}


def test_a_question_opens_a_ticket_and_queues_it(variables: dict[str, str]) -> None:
    reply = post("My last invoice is wrong", customer="alice@example.com", attachment="line 1\nline 2")

    (row,) = rows()
    assert reply["status"] == 200
    assert reply["answer"] == (
        f"Thank you. I opened ticket {row['id']} about your invoice and passed it on to the team. "
        "Your attachment is kept with it."
    )
    assert reply["tools"] == ["customer_reference", "open_ticket", "keep_attachment", "pass_to_triage"]
    assert (row["text"], row["customer"], row["status"]) == ("My last invoice is wrong", "alice@example.com", "open")
    assert re.fullmatch("C-[0-9A-F]{8}", row["reference"])
    stored = boto3.client("s3").get_object(Bucket="uploads", Key=f"incoming/{row['id']}/attachment.txt")
    assert stored["Body"].read() == b"line 1\nline 2"
    queued = ask.queue_event(variables["JOBS_QUEUE_URL"])["Records"]
    assert [json.loads(record["body"]) for record in queued] == [{"ticket_id": row["id"]}]


def test_the_answer_depends_on_the_question(variables: dict[str, str]) -> None:
    put_ticket("T-0A1B2C3D", "help", priority="high")

    assert post("How is T-0A1B2C3D going?")["answer"] == "Ticket T-0A1B2C3D is open, its priority is high."
    assert post("And T-FFFFFFFF?")["answer"] == "I cannot find a ticket T-FFFFFFFF. Please check the number."
    greeting = post("Hello!")
    assert greeting["answer"].startswith("Hello!")
    assert greeting["tools"] == []
    assert len(rows()) == 1


def test_without_the_crm_token_tickets_are_opened_all_the_same(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_TOKEN_SECRET_ARN", variables["CRM_TOKEN_SECRET_ARN"] + "-gone")
    assert post("It is broken", customer="alice@example.com")["status"] == 200
    assert [row["reference"] for row in rows()] == [""]


def test_a_failing_tool_is_an_apology_not_an_invention(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKETS_TABLE", "no-such-table")
    assert post("It is broken")["answer"] == (
        "I am sorry, something went wrong on our side (open_ticket). Please try again."
    )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("not json", 400),
        ("[]", 400),
        ("null", 400),
        (None, 400),
        ('{"question": "  "}', 400),
        ('{"question": 5}', 400),
        (json.dumps({"question": "x" * 5000}), 413),
    ],
)
def test_bad_requests_are_refused(variables: dict[str, str], body: str | None, status: int) -> None:
    with ask.agent("customer-support") as support:
        assert support.handler(ask.http_event("POST", "/support") | {"body": body}, None)["statusCode"] == status
    assert rows() == []


def test_a_base64_body_is_understood(variables: dict[str, str]) -> None:
    body = base64.b64encode(b'{"question": "Hello"}').decode()
    with ask.agent("customer-support") as support:
        event = ask.http_event("POST", "/support") | {"body": body, "isBase64Encoded": True}
        assert support.handler(event, None)["statusCode"] == 200


@pytest.mark.parametrize(
    ("text", "priority"),
    [("The site is down", "urgent"), ("I was charged twice", "high"), ("How do I change the colour?", "normal")],
)
def test_triage_judges_by_what_the_ticket_says(variables: dict[str, str], text: str, priority: str) -> None:
    put_ticket("T-00000001", text)
    with ask.agent("triage") as triage:
        assert triage.handler(batch("T-00000001"), None) == {"batchItemFailures": []}
    (row,) = rows()
    assert (row["priority"], row["status"]) == (priority, "triaged")
    assert row["reason"]


def test_triage_announces_on_the_bus(variables: dict[str, str]) -> None:
    queue_url = boto3.client("sqs").create_queue(QueueName="listener")["QueueUrl"]
    attributes = boto3.client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    events = boto3.client("events")
    events.put_rule(Name="all", EventBusName="bus", EventPattern='{"source": ["support-desk.triage"]}')
    arn = attributes["Attributes"]["QueueArn"]
    events.put_targets(Rule="all", EventBusName="bus", Targets=[{"Id": "queue", "Arn": arn}])
    put_ticket("T-00000001", "The site is down")

    with ask.agent("triage") as triage:
        triage.handler(batch("T-00000001"), None)

    (message,) = boto3.client("sqs").receive_message(QueueUrl=queue_url)["Messages"]
    assert json.loads(message["Body"])["detail"] == {"ticket_id": "T-00000001", "priority": "urgent"}


def test_only_what_failed_is_handed_back(variables: dict[str, str]) -> None:
    put_ticket("T-00000001", "The site is down")
    event = batch("T-00000001", "T-MISSING")
    event["Records"].append({"messageId": "broken", "body": "{"})
    with ask.agent("triage") as triage:
        failures = triage.handler(event, None)["batchItemFailures"]
    assert failures == [{"itemIdentifier": "m-1"}, {"itemIdentifier": "broken"}]
    assert [row["id"] for row in rows()] == ["T-00000001"]


def test_the_report_counts_what_is_there(variables: dict[str, str]) -> None:
    with ask.agent("reporter") as reporter:
        empty = reporter.handler(ask.http_event("GET", "/report"), None)
        put_ticket("T-00000001", "x", "urgent")
        put_ticket("T-00000002", "x", "normal")
        full = reporter.handler(ask.http_event("GET", "/report"), None)
    assert json.loads(empty["body"])["answer"] == "There are no tickets yet."
    assert json.loads(full["body"])["answer"] == "There are 2 tickets: 1 normal, 1 urgent."


def test_the_schedule_alerts_only_when_something_is_urgent(variables: dict[str, str]) -> None:
    queue_url = boto3.client("sqs").create_queue(QueueName="on-duty")["QueueUrl"]
    arn = boto3.client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    endpoint = arn["Attributes"]["QueueArn"]
    boto3.client("sns").subscribe(TopicArn=variables["ALERTS_TOPIC_ARN"], Protocol="sqs", Endpoint=endpoint)
    scheduled = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}

    with ask.agent("reporter") as reporter:
        put_ticket("T-00000001", "x", "normal")
        assert reporter.handler(scheduled, None)["tools"] == ["count_tickets"]
        put_ticket("T-00000002", "x", "urgent")
        assert reporter.handler(scheduled, None)["tools"] == ["count_tickets", "send_alert"]

    (message,) = boto3.client("sqs").receive_message(QueueUrl=queue_url)["Messages"]
    assert json.loads(message["Body"])["Message"] == "1 urgent of 2 tickets."


def test_the_whole_desk_runs_as_its_readme_says() -> None:
    command = [sys.executable, str(SAMPLE / "ask.py"), "Our data is lost"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "I opened ticket T-" in run.stdout
    assert "There is 1 ticket: 1 urgent." in run.stdout


@pytest.mark.parametrize(
    ("provider", "complaint"), [("oracle", "can be local, bedrock or anthropic"), ("anthropic", "needs MODEL_ID")]
)
def test_a_model_that_cannot_be_had_is_named(monkeypatch: pytest.MonkeyPatch, provider: str, complaint: str) -> None:
    monkeypatch.setenv("MODEL_PROVIDER", provider)
    monkeypatch.delenv("MODEL_ID", raising=False)
    with ask.agent("reporter") as reporter, pytest.raises(ValueError, match=complaint):
        reporter.choose_model(reporter.decide)


def test_a_real_model_is_used_when_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_PROVIDER", "bedrock")
    monkeypatch.setenv("MODEL_ID", "some.model-v1:0")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with ask.agent("reporter") as reporter:
        model = reporter.choose_model(reporter.decide)
    assert (type(model).__name__, model.get_config()["model_id"]) == ("BedrockModel", "some.model-v1:0")


def test_each_agent_carries_the_same_local_model() -> None:
    copies = sorted(SAMPLE.glob("apps/*/local_model.py"))
    assert len(copies) == 3
    assert all(filecmp.cmp(copies[0], copy, shallow=False) for copy in copies[1:])


def test_the_configuration_is_sound_and_matches_the_code() -> None:
    parsed = parse((SAMPLE / "strands.yaml").read_bytes())
    assert parsed.problems == ()
    configuration = parsed.configuration
    assert configuration
    assert list(configuration.environments) == ["dev", "staging", "prod"]
    assert for_environment(configuration, "prod").agent("customer-support").memory == 1024
    bundle = read_folder(SAMPLE)
    for agent in configuration.agents:
        check_handler(bundle, agent)
        given = {variable_name(use.resource, configuration.resource(use.resource).type) for use in agent.uses}
        given |= {secret_variable_name(name) for name in agent.secrets}
        source = bundle.read(f"apps/{agent.name}/main.py").decode()
        assert set(re.findall(r'os\.environ\["(\w+)"\]', source)) == given


def test_a_package_runs_by_itself(variables: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is deployed is enough: the reporter answers from its own zip."""
    archive = tmp_path / "reporter.zip"
    archive.write_bytes(package_agent(read_folder(SAMPLE), "./apps/reporter"))
    assert [file.path for file in read_zip(archive).files] == ["local_model.py", "main.py"]
    monkeypatch.setattr(ask, "APPS", tmp_path)
    archive.rename(tmp_path / "zipped")
    with ask.agent("zipped") as reporter:
        assert str(tmp_path) in str(reporter.__file__)
        assert reporter.handler(ask.http_event("GET", "/report"), None)["statusCode"] == 200
    assert str(tmp_path / "zipped") not in sys.path
