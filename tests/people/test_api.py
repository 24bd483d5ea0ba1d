"""The API: every endpoint by every kind of token, and a pipeline's whole job."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deployments.models import Deployment, Status
from deployments.timelines.models import Incident
from projects.audit.models import AuditEntry
from projects.models import Configuration, Environment, Project, SourceBundle, User
from projects.people.api_tokens import make_service_account, make_token
from projects.people.bearer import Endpoint
from projects.roles import FOR_TOKENS, TABLE, Action, Role
from projects.views.tokens import api_lines
from tests.people import addresses
from tests.people.conftest import SignIn
from tests.web.conftest import configuration, propose, quiet_queue, running, source

pytestmark = pytest.mark.django_db
__all__ = ["configuration", "propose", "quiet_queue", "running", "source"]
LINES = list(api_lines())
ALL = list(FOR_TOKENS)


class Caller:
    """A program with a token."""

    def __init__(self, user: User, actions: list[Action], **scope: Any) -> None:
        _, secret = make_token(user=user, name="pipeline", actions=actions, days=1, made_by=user, **scope)
        self.client = Client(headers={"Authorization": f"Bearer {secret}"})

    def __call__(self, method: str, name: str, *args: object, body: Any = None, query: str = "") -> Any:
        url = reverse(name, args=args) + query
        return self.client.generic(method, url, json.dumps(body) if body is not None else "", "application/json")


@pytest.fixture
def waiting(propose: Callable[..., Deployment], prod: Environment) -> Deployment:
    return propose(prod, Status.WAITING)


def an_incident(deployment: Deployment) -> int:
    """Where the deployment is, one that goes on."""
    known = {"project": deployment.environment.project, "environment": deployment.environment, "title": "Down"}
    row, _ = Incident.objects.get_or_create(**known, defaults={"begins_at": timezone.now(), "noted_at": timezone.now()})
    return row.pk


def filled(name: str, deployment: Deployment) -> str:
    """The address of an endpoint in the project."""
    named: dict[str, object] = {"slug": "support-desk", "environment": deployment.environment.name}
    named |= {"deployment": deployment.public_id, "incident": an_incident(deployment)}
    return reverse(name, args=[each.format(**named) for each in addresses.API[name]])


def every(deployment: Deployment) -> list[tuple[str, str, Endpoint]]:
    """Method, address and endpoint of all there are."""
    named = {"{project}": "support-desk", "{environment}": "prod", "{deployment}": deployment.public_id}
    named |= {"{secret}": "crm-token", "{incident}": str(an_incident(deployment))}
    found = []
    for line in LINES:
        address = line.address
        for placeholder, value in named.items():
            address = address.replace(placeholder, value)
        found.append((line.method, address, line.endpoint))
    return found


def test_every_endpoint_asks_for_what_tokens_may_and_says_what_it_does() -> None:
    assert len(LINES) == 26
    for line in LINES:
        assert line.endpoint.action in FOR_TOKENS, line
        assert len(line.does) > 20
    assert not [line for line in LINES if "approve" in line.address or "reject" in line.address]


def test_nobody_without_a_token_is_answered(waiting: Deployment, alice: User, sign_in: SignIn) -> None:
    signed_in = sign_in(alice)
    for client in (Client(), signed_in, Client(headers={"Authorization": "Bearer sw_made-up"})):
        for method, address, _ in every(waiting):
            answer = client.generic(method, address)
            assert answer.status_code == 401, "a browser's session opens nothing here"
            assert answer["WWW-Authenticate"] == "Bearer" and answer.json()["todo"]


def test_every_endpoint_keeps_to_role_and_scope(
    waiting: Deployment, vera: User, bob: User, ada: User, alice: User, mallory: User
) -> None:
    people = {Role.VIEWER: vera, Role.DEPLOYER: bob, Role.APPROVER: ada, Role.OWNER: alice}
    callers = [(role, actions, Caller(user, actions)) for role, user in people.items() for actions in ([], ALL)]
    outsider = Caller(mallory, ALL)
    elsewhere = Caller(alice, ALL, project=Project.objects.create(slug="another"))
    for method, address, asked in every(waiting):
        for role, actions, caller in callers:
            answer = caller.client.generic(method, address, "{}", "application/json")
            allowed = asked.action in TABLE[role] and (asked.action in actions or asked.action is Action.VIEW)
            assert (answer.status_code != 403) == allowed, (method, address, role, actions, answer.content)
            assert answer.status_code < 500
        for caller in (outsider, elsewhere):
            answer = caller.client.generic(method, address, "{}", "application/json")
            if address != reverse("api-projects"):
                assert answer.status_code == 404 and b"support-desk" not in answer.content
    assert outsider("GET", "api-projects").json() == {"projects": []}
    assert elsewhere("GET", "api-projects").json() == {"projects": []}


def test_a_token_for_one_environment_sees_no_other(waiting: Deployment, dev: Environment, alice: User) -> None:
    call = Caller(alice, ALL, project=dev.project, environment="dev")
    listed = call("GET", "api-environments", "support-desk").json()["environments"]
    assert [each["name"] for each in listed] == ["dev"]
    assert [each["name"] for each in call("GET", "api-project", "support-desk").json()["environments"]] == ["dev"]
    assert call("POST", "api-plans", "support-desk", "prod").status_code == 404
    for name, method in (("api-deployment", "GET"), ("api-plan", "GET"), ("api-run", "POST"), ("api-events", "GET")):
        assert call(method, name, "support-desk", waiting.public_id).status_code == 404


def test_no_token_approves_by_any_door(waiting: Deployment, ada: User) -> None:
    call = Caller(ada, list(Action))
    for name in ("deployment-approve", "deployment-reject"):
        url = reverse(name, args=["support-desk", waiting.public_id])
        answer = call.client.post(url, {"plan_digest": waiting.plan.digest, "comment": ""})
        assert answer.status_code == 302 and answer["Location"].startswith(reverse("sign-in")), "pages know no tokens"
    refused = call("POST", "api-run", "support-desk", waiting.public_id)
    assert refused.status_code == 409
    assert refused.json()["error"] == "not-approved" and "token never can" in refused.json()["todo"]
    assert refused.json()["missing"]
    waiting.refresh_from_db()
    assert waiting.status == Status.WAITING and not waiting.approvals.exists()


def test_a_pipeline_does_its_job(
    project: Project,
    dev: Environment,
    alice: User,
    configuration: Configuration,
    quiet_queue: list[tuple[str, int]],
    django_capture_on_commit_callbacks: Any,
) -> None:
    account = make_service_account(project=project, name="ci", role=Role.DEPLOYER, by=alice)
    call = Caller(account.user, ALL, project=project)
    assert call("GET", "api-projects").json()["projects"] == [
        {"name": "support-desk", "description": "", "role": "deployer"}
    ]
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        archive.writestr("apps/a/main.py", "def handler(event, context): ...")
    sent = call.client.generic(
        "POST", reverse("api-sources", args=["support-desk"]) + "?origin=41c2", packed.getvalue(), "application/zip"
    )
    assert sent.status_code == 201 and sent.json()["origin"] == "41c2"
    assert call("GET", "api-project", "support-desk").json()["source"] == sent.json()["digest"]
    wish = {"message": "CI", "source": sent.json()["digest"]}
    with django_capture_on_commit_callbacks(execute=True):
        made = call("POST", "api-plans", "support-desk", "dev", body=wish)
    assert made.status_code == 201 and made.json()["proposedBy"] == "ci (service)"
    found = Deployment.objects.get(public_id=made.json()["id"])
    assert found.method == "api" and quiet_queue == [("plan", found.pk)]
    assert call("GET", "api-plan", "support-desk", found.public_id).json()["error"] == "no-plan"
    assert call("POST", "api-run", "support-desk", found.public_id).json()["error"] == "not-now"
    assert call("GET", "api-deployment", "support-desk", found.public_id).json()["status"] == "planning"
    entry = AuditEntry.objects.filter(deed="token.created").get()
    assert entry.detail["of"] == "ci (service)"


def test_a_secret_gets_its_value_and_nobody_reads_it(
    dev: Environment, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr("deployments.secret_values.put", lambda **said: given.update(said))
    call = Caller(bob, [Action.SET_SECRETS])
    answer = call("PUT", "api-secret", "support-desk", "dev", "crm-token", body={"value": "hush"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert (given["logical_id"], given["value"], given["actor"]) == ("crm-token", "hush", bob)
    assert call("GET", "api-secrets", "support-desk", "dev").json() == {"secrets": []}
    refused = Caller(bob, [Action.RUN])("PUT", "api-secret", "support-desk", "dev", "crm-token", body={"value": "x"})
    assert refused.status_code == 403


def test_a_secret_that_is_not_deployed_says_so(dev: Environment, bob: User) -> None:
    answer = Caller(bob, [Action.SET_SECRETS])("PUT", "api-secret", "support-desk", "dev", "no", body={"value": "hush"})
    assert answer.json()["message"] == "No secret no is deployed in dev. Deploy it first."
    assert b"hush" not in answer.content


def test_a_plan_is_read_and_run(propose: Callable[..., Deployment], dev: Environment, bob: User) -> None:
    call, ready = Caller(bob, [Action.RUN]), propose(dev, Status.READY)
    plan = call("GET", "api-plan", "support-desk", ready.public_id)
    assert plan.content.decode() == ready.plan.text and plan["ETag"] == f'"{ready.plan.digest}"'
    for _ in range(2):
        assert call("POST", "api-run", "support-desk", ready.public_id).status_code == 202
    assert call("GET", "api-deployment", "support-desk", ready.public_id).json()["runBy"] == "bob"


def test_a_run_is_followed(running: Deployment, vera: User) -> None:
    call = Caller(vera, [])
    told = call("GET", "api-events", "support-desk", running.public_id).json()
    assert [each["number"] for each in told["events"]] == [1, 2] and told["last"] == 2 and not told["ended"]
    later = call("GET", "api-events", "support-desk", running.public_id, query="?after=1").json()
    assert [each["number"] for each in later["events"]] == [2]


def test_the_configuration_is_saved_by_compare_and_set(configuration: Configuration, bob: User) -> None:
    call = Caller(bob, [Action.EDIT_CONFIGURATION])
    first = call("GET", "api-configuration", "support-desk").json()
    assert first["revision"] == 1
    text = first["text"] + "\n# more\n"
    saved = call("PUT", "api-configuration", "support-desk", body={"text": text, "base": 1, "message": "More"})
    assert saved.json()["revision"] == 2 and saved.json()["author"] == "bob"
    late = call("PUT", "api-configuration", "support-desk", body={"text": first["text"], "base": 1})
    assert late.status_code == 409 and late.json()["latest"] == 2
    old = call("GET", "api-configuration", "support-desk", query="?revision=1").json()
    assert old["text"] == first["text"]
    assert call("GET", "api-configuration", "support-desk", query="?revision=x").status_code == 404
    wrong = call("PUT", "api-configuration", "support-desk", body={"text": "agents: 1", "base": 2})
    assert wrong.status_code == 422 and wrong.json()["problems"][0]["line"]
    other = call("PUT", "api-configuration", "support-desk", body={"text": "project: {name: x, region: us-east-1}"})
    assert other.status_code == 422


def test_what_cannot_be_read_is_refused_with_what_to_do(
    project: Project, dev: Environment, source: SourceBundle, bob: User, settings: Any
) -> None:
    call = Caller(bob, ALL)
    assert call("GET", "api-configuration", "support-desk").json()["error"] == "no-configuration"
    assert call("POST", "api-plans", "support-desk", "dev").json()["error"] == "not-now"
    raw = reverse("api-plans", args=["support-desk", "dev"])
    for body, code in (
        ("{", "not-json"),
        ("[]", "not-an-object"),
        ('{"sorce": 1}', "unknown-key"),
        ("[" * 99_999, "not-json"),
    ):
        answer = call.client.generic("POST", raw, body, "application/json")
        assert answer.status_code == 400 and answer.json()["error"] == code and answer.json()["todo"]
    for body in ({"message": 1}, {"revision": True}, {"targets": [1]}, {"message": "\0"}, {"targets": ["\0"]}):
        assert call("POST", "api-plans", "support-desk", "dev", body=body).json()["error"] == "wrong-kind"
    assert call("POST", "api-plans", "support-desk", "dev", body={"source": "x"}).status_code == 404
    assert call("POST", "api-plans", "support-desk", "dev", body={"revision": 10**30}).status_code == 404
    assert call("POST", "api-projects").status_code == 405
    assert call("GET", "api-nowhere", "x/y").json()["error"] == "not-found"
    zips = reverse("api-sources", args=["support-desk"])
    assert call.client.generic("POST", zips, b"no zip", "application/zip").status_code == 422
    settings.SOURCE_MAX_BYTES = 3
    assert call.client.generic("POST", zips, b"12345", "application/zip").status_code == 413
    long = {"text": "x" * 300_000}
    assert call("PUT", "api-configuration", "support-desk", body=long).json()["error"] == "too-large"
    huge = {"text": "x" * 3_000_000}
    assert call("PUT", "api-configuration", "support-desk", body=huge).status_code == 413


def test_what_a_token_was_denied_is_written_down(waiting: Deployment, vera: User) -> None:
    Caller(vera, ALL)("POST", "api-run", "support-desk", waiting.public_id)
    entry = AuditEntry.objects.get(deed="access.denied")
    assert (entry.actor_text, entry.via, entry.token) == ("vera", "api", "pipeline")


def test_the_page_about_it_names_every_endpoint(alice: User, sign_in: SignIn) -> None:
    page = sign_in(alice).get(reverse("api")).content.decode()
    for line in LINES:
        assert f"<b>{line.method}</b> <code>{line.address}</code>" in page
