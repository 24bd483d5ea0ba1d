"""What strands.yaml means once it is sound: values, environments, canonical form, edits, schema."""

import difflib
import json
from dataclasses import fields, replace
from pathlib import Path

import jsonschema
import pytest
import yaml

from projects.configuration import (
    Configuration,
    InvalidConfiguration,
    Route,
    UnknownEnvironment,
    UnknownPath,
    Use,
    for_environment,
    parse,
    render_effective,
    schema,
    secret_variable_name,
    set_value,
    variable_name,
)
from projects.configuration.grammar import CONFIGURATION
from projects.configuration.reading import read
from projects.configuration.shapes import ListOf, MapOf, Record, Shape

GOOD = (Path(__file__).parent / "good.yaml").read_text()


def good() -> Configuration:
    parsed = parse(GOOD)
    assert parsed.problems == ()
    assert parsed.configuration
    return parsed.configuration


def changed_lines(before: str, after: str) -> list[str]:
    difference = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in difference if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def test_values_carry_what_the_file_says() -> None:
    configuration = good()
    agent = configuration.agent("customer-support")
    assert (configuration.project.name, configuration.project.tags["cost-center"]) == ("support-desk", "engineering")
    assert (agent.memory, agent.timeout, agent.target, agent.handler) == (512, 30, "lambda", "main.handler")
    assert agent.uses[0] == Use(resource="uploads", access="read-write", actions=(), path="incoming/*")
    assert agent.uses[1].actions == ("sqs:SendMessage",)
    assert (agent.triggers[0].resource, agent.triggers[1].schedule) == ("jobs", "rate(5 minutes)")
    assert agent.routes == (Route("POST", "/support"),)
    assert str(agent.routes[0]) == "POST /support"
    assert configuration.resource("stream").properties == {"ShardCount": 1, "StreamModeDetails": {"StreamMode": "X"}}
    assert configuration.shared.vpc
    assert configuration.shared.vpc.endpoints == ("s3", "dynamodb", "bedrock-runtime")
    assert configuration.environments["prod"].agents == {"customer-support": {"memory": 1024, "tags": {"tier": "red"}}}


def test_named_things_know_their_line() -> None:
    configuration = good()
    lines = GOOD.splitlines()
    for agent in configuration.agents:
        assert f"name: {agent.name}" in lines[agent.line - 1]
    for resource in configuration.resources:
        assert f"name: {resource.name}" in lines[resource.line - 1]
    for use in configuration.agents[0].uses:
        assert f"resource: {use.resource}" in lines[use.line - 1]


def test_defaults_are_production_ready() -> None:
    text = """
project: {name: p, region: us-east-1}
agents: [{name: a, path: apps/a}]
resources:
  - {name: b, type: s3}
  - {name: t, type: dynamodb, properties: {partition_key: id}}
"""
    configuration = parse(text).configuration
    assert configuration
    assert configuration.resource("b").properties == {"versioning": True}
    assert configuration.resource("t").properties["point_in_time_recovery"] is True
    assert configuration.shared.vpc is None
    assert configuration.shared.api_gateway.cors is False
    assert configuration.shared.monitoring.alarms is True
    agent = configuration.agents[0]
    assert (agent.memory, agent.timeout, agent.runtime, agent.isolated) == (512, 30, "python3.11", False)


def test_a_minimal_file_is_enough() -> None:
    assert parse("project: {name: p, region: us-east-1}").configuration


def test_an_environment_overrides_by_name() -> None:
    production = for_environment(good(), "prod")
    agent = production.agent("customer-support")
    assert production.environment == "prod"
    assert production.project.region == "eu-central-1"
    assert production.project.tags == {"team": "platform", "cost-center": "engineering", "criticality": "high"}
    assert (agent.memory, agent.timeout, agent.tags) == (1024, 30, {"tier": "red", "kind": "front"})
    assert production.agent("triage") == good().agent("triage")
    assert production.resource("jobs").properties["retention"] == 86_400
    assert production.resource("jobs").properties["visibility_timeout"] == 120
    assert production.resource("tickets").retain is True
    assert production.shared.vpc
    assert (production.shared.vpc.nat, production.shared.vpc.cidr) == (True, "10.0.0.0/16")
    assert production.shared.monitoring.log_retention_days == 365
    assert list(production.environments) == ["prod"]
    assert production.environments["prod"].account == "987654321098"


def test_overriding_twice_changes_nothing() -> None:
    once = for_environment(good(), "prod")
    assert for_environment(once, "prod") == once


def test_a_value_of_an_override_has_the_line_of_the_override() -> None:
    text = GOOD.replace("memory: 1024", "memory: 1")
    (problem,) = parse(text).problems
    assert "memory: 1," in text.splitlines()[problem.line - 1]


def test_an_unknown_environment_is_named_with_its_neighbour() -> None:
    with pytest.raises(UnknownEnvironment, match=r"no environment is named prd \(did you mean prod\?\)"):
        for_environment(good(), "prd")


def test_a_hand_made_configuration_is_checked_when_merged() -> None:
    """parse() checks each environment; for_environment does not trust that it was called on parse()'s result."""
    parsed = parse("project: {name: p, region: us-east-1}\nenvironments: {dev: {account: '123456789012'}}")
    other = parse("project: {name: q, region: us-east-1}")
    assert parsed.configuration
    assert other.configuration
    document, _ = read("project: {name: Q}\nenvironments: {dev: {account: '123456789012'}}")
    assert document
    with pytest.raises(InvalidConfiguration, match="did you mean q"):
        for_environment(replace(parsed.configuration, source=document), "dev")


def test_the_canonical_form_reads_back_equal() -> None:
    for name in good().environments:
        effective = for_environment(good(), name)
        text = render_effective(effective)
        again = parse(text)
        assert again.problems == ()
        assert again.configuration
        assert for_environment(again.configuration, name) == effective
        assert render_effective(again.configuration) == text


def test_the_canonical_form_keeps_overrides() -> None:
    again = parse(render_effective(good())).configuration
    assert again == good()


def test_the_canonical_form_does_not_depend_on_how_it_was_written() -> None:
    other = yaml.safe_dump(yaml.safe_load(GOOD), sort_keys=True)
    configuration = parse(other).configuration
    assert configuration
    assert render_effective(for_environment(configuration, "prod")) == render_effective(for_environment(good(), "prod"))


@pytest.mark.parametrize(
    "value", ["012345678901", "1e3", "yes", "0o7", "null", "~", "", " x ", "a: b", "#", ".5", "ü", "-"]
)
def test_texts_stay_texts_in_the_canonical_form(value: str) -> None:
    agent = f"{{name: a, path: x, environment: {{V1: {json.dumps(value)}}}}}"
    text = f"project: {{name: p, region: us-east-1}}\nagents: [{agent}]"
    configuration = parse(text).configuration
    assert configuration
    again = parse(render_effective(configuration)).configuration
    assert again
    assert again.agents[0].environment == {"V1": value}


def test_setting_a_value_touches_its_line_alone() -> None:
    after = set_value(GOOD, "agents[0].memory", 2048)
    assert changed_lines(GOOD, after) == [
        "-    memory: 512                        # MB",
        "+    memory: 2048                       # MB",
    ]
    assert set_value(GOOD, "agents[customer-support].memory", 2048) == after


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("project.region", "eu-west-1"),
        ("project.tags.owner", "012345"),
        ("agents[triage].timeout", 60),
        ("resources[jobs].properties.retention", 60),
        ("environments.dev.agents.triage.memory", 256),
        ("environments.prod.agents.customer-support.memory", 256),
        ("shared.vpc.endpoints", ["s3"]),
        ("shared.monitoring.xray", False),
    ],
)
def test_a_set_value_is_read_back_and_comments_stay(path: str, value: object) -> None:
    after = set_value(GOOD, path, value)  # type: ignore[arg-type]
    assert parse(after).problems == ()
    current = yaml.safe_load(after)
    for step in path.replace("[", ".").replace("]", "").split("."):
        current = next(item for item in current if item["name"] == step) if isinstance(current, list) else current[step]
    assert current == value
    assert [line.partition("#")[2] for line in GOOD.splitlines() if "#" in line] == [
        line.partition("#")[2] for line in after.splitlines() if "#" in line
    ]
    assert len(changed_lines(GOOD, after)) <= 4


def test_lists_keep_the_indentation_of_their_file() -> None:
    text = "project: {name: p, region: us-east-1}\nresources:\n- name: a  # first\n  type: s3\n- name: b\n  type: sns\n"
    assert changed_lines(text, set_value(text, "resources[b].type", "sqs")) == ["-  type: sns", "+  type: sqs"]


@pytest.mark.parametrize(
    "path", ["agents[9].memory", "agents[nobody].memory", "project.name.x", "", "a..b", "agents[]"]
)
def test_setting_at_a_place_that_is_not_there_is_refused(path: str) -> None:
    with pytest.raises(UnknownPath):
        set_value(GOOD, path, 1)


@pytest.mark.parametrize("text", ["a: [", "- a", "a: " + "[" * 5000 + "]" * 5000, "a: 1\na: 2"])
def test_setting_in_something_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        set_value(text, "a", 1)


def test_the_schema_takes_good_files_and_refuses_bad_ones() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    validator = jsonschema.Draft202012Validator(schema())
    document = yaml.safe_load(GOOD)
    assert list(validator.iter_errors(document)) == []
    for path, value in [
        (("agents", 0, "memory"), 64),
        (("agents", 0, "memroy"), 512),
        (("agents", 0, "target"), "lamda"),
        (("resources", 1, "properties"), {"sort_key": "x"}),
        (("resources", 1, "properties"), {"partition_key": "x", "colour": "red"}),
        (("environments", "dev", "account"), 123456789012),
        (("shared", "monitoring", "log_retention_days"), 31),
    ]:
        broken = yaml.safe_load(GOOD)
        *parents, last = path
        current = broken
        for step in parents:
            current = current[step]
        current[last] = value
        assert list(validator.iter_errors(broken)), path


def test_every_key_of_the_grammar_is_a_field_of_its_value() -> None:
    def records(shape: Shape) -> list[Record]:
        match shape:
            case Record(keys=keys):
                return [shape, *(found for key in keys for found in records(key.shape))]
            case ListOf(item=inner) | MapOf(value=inner):
                return records(inner)
            case _:
                return []

    seen = records(CONFIGURATION)
    assert len(seen) > 10
    for record in seen:
        if record.builds is not dict:
            extra = {"line", "environment", "source"} if record is CONFIGURATION else {"line"}
            assert {field.name for field in fields(record.builds)} == {key.name for key in record.keys} | extra
        assert all(key.doc.endswith(".") or "." in key.doc for key in record.keys)


def test_agents_find_their_resources_by_name() -> None:
    assert variable_name("tickets", "dynamodb") == "TICKETS_TABLE"
    assert variable_name("crm-token", "secret") == "CRM_TOKEN_SECRET_ARN" == secret_variable_name("CRM_TOKEN")
    assert [variable_name("x", kind) for kind in ("s3", "sqs", "sns", "eventbridge")] == [
        "X_BUCKET",
        "X_QUEUE_URL",
        "X_TOPIC_ARN",
        "X_NAME",
    ]
    assert variable_name("stream", "AWS::Kinesis::Stream") is None


def test_the_shared_api_is_guarded_as_it_says() -> None:
    api = good().shared.api_gateway
    assert api.authorizer is not None and api.throttling is not None
    assert (api.access_logs, api.throttling.rate, api.throttling.burst) == (True, 50, 100)
    guard = api.authorizer
    assert (guard.agent, guard.kind, guard.header, guard.cache_seconds) == (
        "customer-support",
        "request",
        "Authorization",
        0,
    )
    assert [str(route) for route in guard.open_routes] == ["GET /"]
    plain = parse("project: {name: p, region: us-east-1}\n").configuration
    assert plain is not None
    assert (plain.shared.api_gateway.authorizer, plain.shared.api_gateway.throttling) == (None, None)
