"""Downloads for everybody who sees the project, imports for owners, with and without htmx."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from deployments.models import Deployment, StateEntry
from projects.models import Configuration, Environment, SourceBundle, User
from tests.web.conftest import Visit

pytestmark = pytest.mark.django_db


def at(environment: Environment, name: str, *more: str) -> str:
    return reverse(name, args=[environment.project.slug, environment.name, *more])


def entry(environment: Environment, logical_id: str, type_name: str, physical_id: str, **properties: Any) -> None:
    body = {"type": type_name, "physicalId": physical_id, "properties": properties}
    StateEntry.objects.create(
        environment=environment, stack="s", logical_id=logical_id, type=type_name, physical_id=physical_id, body=body
    )


def test_a_viewer_downloads_what_is_recorded(dev: Environment, vera: User, visit: Visit) -> None:
    entry(dev, "JobsQueue", "AWS::SQS::Queue", "https://queue", QueueName="jobs")
    entry(dev, "JobsPolicy", "AWS::SQS::QueuePolicy", "policy", Queues=["https://queue"])
    client = visit(vera)
    page = client.get(at(dev, "environment-export")).content.decode()
    assert at(dev, "environment-export-file", "cdk-app.zip") in page
    assert "JobsPolicy" in page.partition("cannot take over")[2]
    answer = client.get(at(dev, "environment-export-file", "template.json"))
    assert answer["Content-Type"] == "application/json"
    assert answer["Content-Disposition"] == 'attachment; filename="strands-support-desk-dev-template.json"'
    assert answer.json()["Resources"]["JobsQueue"]["Properties"] == {"QueueName": "jobs"}
    assert client.get(at(dev, "environment-export-file", "import-template.json")).json()["Resources"].keys() == {
        "JobsQueue"
    }
    assert client.get(at(dev, "environment-export-file", "resources-to-import.json")).json() == [
        {
            "ResourceType": "AWS::SQS::Queue",
            "LogicalResourceId": "JobsQueue",
            "ResourceIdentifier": {"QueueUrl": "https://queue"},
        }
    ]
    assert client.get(at(dev, "environment-export-file", "state.json")).json()["environment"] == "dev"
    assert client.get(at(dev, "environment-export-file", "etc-passwd")).status_code == 404


def test_nothing_deployed_is_nothing_to_export(prod: Environment, vera: User, visit: Visit) -> None:
    assert "Nothing is deployed here" in visit(vera).get(at(prod, "environment-export")).content.decode()
    assert visit(vera).get(at(prod, "environment-export-file", "template.json")).status_code == 404


def test_only_owners_are_offered_the_import(dev: Environment, alice: User, bob: User, visit: Visit) -> None:
    url = at(dev, "environment-import")
    assert url in visit(alice).get(at(dev, "environment")).content.decode()
    assert url not in visit(bob).get(at(dev, "environment")).content.decode()


def test_an_owner_names_resources_and_gets_a_plan(
    dev: Environment,
    alice: User,
    visit: Visit,
    configuration: Configuration,
    source: SourceBundle,
    quiet_queue: list[tuple[str, int]],
    django_capture_on_commit_callbacks: Any,
) -> None:
    dev.account = "123456789012"  # as the configuration says
    dev.save()
    client, url = visit(alice), at(dev, "environment-import")
    assert "TicketsTable" in client.get(url).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(url, {"resources": " TicketsTable legacy-tickets\n\nJobsQueue  https://q "})
    found = Deployment.objects.get()
    assert answer["Location"] == reverse("deployment", args=["support-desk", found.public_id])
    assert found.kind == "import"
    assert found.imports.resources == {"TicketsTable": "legacy-tickets", "JobsQueue": "https://q"}
    assert quiet_queue == [("plan", found.pk)]
    assert "Import into dev" in client.get(answer["Location"]).content.decode()


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        ("", "required"),
        ("TicketsTable", "Line 1 names no physical id: TicketsTable"),
        ("A x\nA y", "Line 2 names A again"),
        ("A x\nB x", "named twice"),
    ],
)
def test_what_cannot_be_understood_is_said_beside_the_form(
    resources: str, said: str, dev: Environment, alice: User, configuration: Configuration, visit: Visit
) -> None:
    answer = visit(alice).post(at(dev, "environment-import"), {"resources": resources})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Deployment.objects.exists()


def test_an_owner_uploads_a_state_file(
    dev: Environment, alice: User, visit: Visit, configuration: Configuration
) -> None:
    entry(dev, "JobsQueue", "AWS::SQS::Queue", "https://queue", QueueName="jobs")
    client, url = visit(alice), at(dev, "environment-import-state")
    state = client.get(at(dev, "environment-export-file", "state.json")).content
    full = client.post(url, {"file": SimpleUploadedFile("state.json", state)})
    assert full.status_code == 422
    assert "holds resources already" in full.content.decode()
    StateEntry.objects.all().delete()
    answer = client.post(url, {"file": SimpleUploadedFile("state.json", state)})
    assert answer.status_code == 302
    assert Deployment.objects.get().imports.state["stacks"] == json.loads(state)["stacks"]


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "empty"), (b"{", "not a JSON file"), (b"[" * 100_000, "not a JSON file"), (b"3", "state")],
)
def test_what_is_no_state_file_is_said_beside_the_form(
    content: bytes, said: str, dev: Environment, alice: User, configuration: Configuration, visit: Visit
) -> None:
    answer = visit(alice).post(at(dev, "environment-import-state"), {"file": SimpleUploadedFile("s.json", content)})
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_a_file_too_large_is_refused(
    dev: Environment, alice: User, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deployments.forms.MAX_STATE_BYTES", 1)
    answer = visit(alice).post(at(dev, "environment-import-state"), {"file": SimpleUploadedFile("s.json", b"[]")})
    assert "At most" in answer.content.decode()
