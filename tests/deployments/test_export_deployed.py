"""What was really deployed in the sandbox, exported: cfn-lint passes, nothing is lost, and everything can be found."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
import yaml
from cfnlint.api import lint_all
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from deployments import clouds, states
from deployments.approvals import Review
from deployments.engine.intrinsics import recorded_lookup, references, resolve
from deployments.exporting.export import FORMATS, Export
from deployments.exporting.identifiers import PRIMARY, UNREADABLE, importable
from deployments.exporting.reading import export_of
from deployments.models import Status
from projects.models import Configuration, Environment, User
from tests.deployments.conftest import plan, run


def findings(template: Any) -> list[str]:
    """What cfn-lint says, tips (I) left out."""
    found = [f"{match.rule.id} {match.message}" for match in lint_all(json.dumps(template))]
    return [finding for finding in found if not finding.startswith("I")]


def unzipped(content: str | bytes) -> dict[str, str]:
    assert isinstance(content, bytes)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.fixture
def deployed(prod: Environment, bob: User, ada: User, sample: Configuration, cloud: str) -> Export:
    """The sample in a protected environment, so that some of it is retained."""
    from deployments import approvals

    planned = plan(prod, bob)
    approvals.approve(deployment_id=planned.pk, actor=ada, review=Review(planned.plan.digest), inline=True)
    planned.refresh_from_db()
    assert run(planned, bob).status == Status.SUCCEEDED
    return export_of(prod)


@pytest.mark.django_db
def test_the_sample_exports_as_templates_that_hold_everything(deployed: Export, prod: Environment) -> None:
    state = deployed.state
    template = deployed.template()
    assert findings(template) == []
    assert template["Resources"].keys() == state.resources.keys()
    retained = {name for name, entry in template["Resources"].items() if entry["DeletionPolicy"] == "Retain"}
    assert retained == {name for name, entry in state.resources.items() if entry.retain} > {"TicketsTable"}
    lookup = recorded_lookup(state.resources, region=state.region, account=state.account)
    edges: dict[str, set[str]] = {}
    for name, entry in template["Resources"].items():
        properties = {key: value for key, value in entry["Properties"].items() if key != "Tags"}
        assert resolve(properties, lookup) == state.resources[name].properties, name
        edges[name] = references(properties) | set(entry.get("DependsOn", ()))
    assert edges == {name: set(entry.dependencies) for name, entry in state.resources.items()}
    assert template["Resources"]["CustomerSupportFunction"]["Properties"]["Role"] == {
        "Fn::GetAtt": ["SharedExecutionRole", "Arn"]
    }
    assert template["Resources"]["CustomerSupportPostSupportRoute"]["Properties"]["Target"] == {
        "Fn::Sub": "integrations/${CustomerSupportIntegration}"
    }
    assert "ApiEndpoint" in template["Outputs"]
    assert yaml.safe_load(FORMATS["template.yaml"].make(deployed)) == template

    parts = deployed.stacks()
    assert parts[0].name == "strands-support-desk-prod-shared-infrastructure"
    exported: set[str] = set()
    for stack in parts:
        assert findings(stack.template) == [], stack.name
        wanted = _import_values(stack.template)
        assert wanted <= exported, "a stack imports only what an earlier one exports"
        exported |= {
            output["Export"]["Name"] for output in stack.template.get("Outputs", {}).values() if "Export" in output
        }
    assert exported
    assert sorted(name for stack in parts for name in stack.template["Resources"]) == sorted(state.resources)

    files = unzipped(FORMATS["cdk-app-stacks.zip"].make(deployed))
    settings = json.loads(files["stacks.json"])
    assert settings["env"] == {"account": prod.account, "region": "us-east-1"}
    assert {entry["template"] for entry in settings["stacks"]} < files.keys()
    compile(files["app.py"], "app.py", "exec")
    for name, form in FORMATS.items():
        assert form.make(deployed) == form.make(export_of(prod)), f"{name} is the same every time"


@pytest.mark.django_db
def test_every_identifier_finds_what_is_deployed(deployed: Export, prod: Environment) -> None:
    found = importable(deployed.state)
    state = deployed.state
    assert {state.resources[name].type for name in found.reasons} == UNREADABLE
    assert found.identifiers["TicketsTable"] == {"TableName": state.resources["TicketsTable"].physical_id}
    entries = json.loads(FORMATS["resources-to-import.json"].make(deployed))
    assert {entry["LogicalResourceId"] for entry in entries} == state.resources.keys() - found.reasons.keys()
    assert all(all(isinstance(v, str) and v for v in entry["ResourceIdentifier"].values()) for entry in entries)
    assert json.loads(FORMATS["resource-mapping.json"].make(deployed))["UploadsBucket"].keys() == {"BucketName"}
    with clouds.reach(prod, purpose="test") as provisioners:
        for entry in states.load(prod).resources.values():
            live = provisioners[entry.type].read(entry.physical_id, entry.properties)
            assert live is not None
            assert live.physical_id == entry.physical_id


@pytest.mark.parametrize("type_name", sorted(PRIMARY))
def test_identifiers_are_those_of_the_providers_schemas(type_name: str) -> None:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", type_name).schema
    assert {name.rpartition("/")[2] for name in schema["primaryIdentifier"]} == PRIMARY[type_name].keys()
    assert "read" in schema["handlers"]


@pytest.mark.parametrize("type_name", sorted(UNREADABLE))
def test_what_is_said_to_be_unreadable_has_no_reader(type_name: str) -> None:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", type_name).schema
    assert "read" not in schema["handlers"]


def _import_values(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["Fn::ImportValue"]} if "Fn::ImportValue" in value else set()
        return own.union(*map(_import_values, value.values()))
    return set().union(*map(_import_values, value)) if isinstance(value, list) else set()
