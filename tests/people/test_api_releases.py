"""The API about releases, and `manage.py promote`: which release is where, and on with it."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from deployments.models import Deployment, Status
from projects import paths
from projects.models import Configuration, Environment, Project, SourceBundle, User
from projects.roles import Action
from tests.people.test_api import Caller
from tests.web.bringing import Bring, bringer
from tests.web.conftest import configuration, empty_history, quiet_queue, source

pytestmark = pytest.mark.django_db
__all__ = ["configuration", "empty_history", "quiet_queue", "source"]
SLUG = "support-desk"


@pytest.fixture
def bring(dev: Environment, configuration: Configuration, source: SourceBundle, bob: User) -> Bring:
    """The next deployment to dev, of that revision."""
    return bringer(dev, configuration, source, bob)


def test_releases_are_listed_with_where_they_are(
    bring: Bring, dev: Environment, prod: Environment, project: Project, alice: User, vera: User
) -> None:
    paths.change(project=project, names=["dev", "prod"], base=0, actor=alice)
    old, new = bring(1, environment=prod), bring(2)
    bring(2, Status.WAITING, environment=prod)
    told = Caller(vera, [])("GET", "api-releases", SLUG).json()
    assert (told["path"], told["before"], told["moreEnvironments"]) == (["dev", "prod"], None, 0)
    here, there = told["environments"]
    assert (here["name"], here["revision"], here["deployment"], here["following"]) == ("dev", 2, new.public_id, "prod")
    assert (there["revision"], there["upstream"], there["distance"]) == (1, "dev", "1 revision behind dev")
    newest, oldest = told["releases"]
    assert newest["name"].startswith("revision 2 · source ")
    assert newest["environments"]["prod"]["status"] == "waiting"
    assert oldest["environments"] == {
        "prod": {
            "status": "current",
            "current": True,
            "quarantined": False,
            "deployment": old.public_id,
            "at": old.ended_at.isoformat(),
        }
    }
    narrow = Caller(vera, [], project=project, environment="prod")("GET", "api-releases", SLUG).json()
    assert [each["name"] for each in narrow["environments"]] == ["prod"]


def test_what_is_there_is_promoted_by_a_program(bring: Bring, prod: Environment, bob: User) -> None:
    brought = bring(2)
    call = Caller(bob, [Action.PROPOSE])
    for body in ({"from": "dev", "message": "Friday"}, {"deployment": brought.public_id}):
        answer = call("POST", "api-promotions", SLUG, "prod", body=body)
        assert answer.status_code == 201, answer.content
        made = Deployment.objects.get(public_id=answer.json()["id"])
        assert (made.environment, made.promoted_from, made.configuration, made.method) == (
            prod, "dev", brought.configuration, "api",
        )  # fmt: skip
        assert answer.json()["promotedFrom"] == "dev"


def test_a_promotion_that_cannot_be_says_why(
    bring: Bring, dev: Environment, prod: Environment, bob: User, vera: User
) -> None:
    call = Caller(bob, [Action.PROPOSE])
    refused = call("POST", "api-promotions", SLUG, "prod", body={"from": "dev"})
    assert (refused.status_code, refused.json()["error"]) == (409, "not-now")
    assert "no release in dev" in refused.json()["message"]
    failed = bring(1, Status.FAILED)
    refused = call("POST", "api-promotions", SLUG, "prod", body={"deployment": failed.public_id})
    assert "Only a deployment that succeeded" in refused.json()["message"]
    bring(1)
    assert call("POST", "api-promotions", SLUG, "dev", body={"from": "dev"}).status_code == 409
    for body in ({}, {"from": "dev", "deployment": failed.public_id}):
        assert call("POST", "api-promotions", SLUG, "prod", body=body).json()["error"] == "one-of-two"
    for body in ({"from": "nowhere"}, {"deployment": "x"}):
        assert call("POST", "api-promotions", SLUG, "prod", body=body).status_code == 404
    narrow = Caller(bob, [Action.PROPOSE], project=dev.project, environment="prod")
    assert narrow("POST", "api-promotions", SLUG, "prod", body={"from": "dev"}).status_code == 404
    assert (
        Caller(vera, [Action.PROPOSE])("POST", "api-promotions", SLUG, "prod", body={"from": "dev"}).status_code == 403
    )


def test_the_shell_needs_to_know_where_to(bring: Bring, prod: Environment, bob: User) -> None:
    bring(1)
    with pytest.raises(CommandError, match="Nothing comes after dev on the path of support-desk"):
        call_command("promote", "--project", SLUG, "--from", "dev", "--as", "bob")
    with pytest.raises(CommandError, match="There is no release in prod to promote"):
        call_command("promote", "--project", SLUG, "--from", "prod", "--to", "dev", "--as", "bob")
