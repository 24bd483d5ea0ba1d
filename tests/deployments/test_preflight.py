"""Each check before a plan's approval, one by one: how it passes, fails or is left out, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from deployments import clouds, connection, preflight
from deployments.aws import quotas
from deployments.checks import Check, Verdict, or_skipped
from deployments.engine.errors import Category, CloudError
from deployments.engine.plan import Action, Change, Reason
from deployments.engine.ports import Live
from deployments.engine.resources import Resource
from deployments.models import Deployment, Status
from projects.models import Configuration, Environment, Project, User
from tests.deployments.conftest import plan, run

pytestmark = pytest.mark.django_db
HERE = Environment(
    project=Project(slug="desk"), name="dev", account="123456789012", region="ap-east-1", credentials="ambient"
)


def failure(category: Category = Category.DENIED) -> CloudError:
    return CloudError("No.", service="x", operation="Y", code="Z", category=category, advice="Ask.")


class Answers:
    """An AWS that gives prepared answers by operation; an error among them is raised."""

    partition = "aws"

    def __init__(self, **answers: Any) -> None:
        self._answers = answers

    def call(self, service: str, operation: str, **_: Any) -> Any:
        answer = self._answers[operation]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def together(self, *looks: Any) -> list[Any]:
        return [look() for look in looks]


def identity(**more: Any) -> Answers:
    return Answers(get_caller_identity={"Arn": "arn:aws:iam::123456789012:user/me"}, **more)


@pytest.mark.parametrize(
    ("regions", "verdict"),
    [
        ([{"RegionName": "ap-east-1", "OptInStatus": "opted-in"}], Verdict.PASSED),
        ([{"RegionName": "ap-east-1", "OptInStatus": "opt-in-not-required"}], Verdict.PASSED),
        ([{"RegionName": "ap-east-1", "OptInStatus": "not-opted-in"}], Verdict.FAILED),
        ([], Verdict.FAILED),
    ],
)
def test_a_region_has_to_be_enabled(regions: Sequence[Mapping[str, str]], verdict: Verdict) -> None:
    aws: Any = identity(describe_regions={"Regions": regions})
    who, where = preflight.of_connection(HERE, aws)
    assert who.verdict is Verdict.PASSED and "user/me in account 123456789012" in who.message
    assert (where.name, where.verdict) == ("Region", verdict)
    assert bool(where.remedy) == (verdict is Verdict.FAILED)


def test_what_may_not_be_looked_at_is_left_out_with_a_note() -> None:
    aws: Any = identity(describe_regions=failure())
    _, where = preflight.of_connection(HERE, aws)
    assert where.verdict is Verdict.SKIPPED and "Could not be looked at: No." in where.message
    with pytest.raises(CloudError):
        or_skipped("Region", lambda: (_ for _ in ()).throw(failure(Category.CREDENTIALS)))


def made(logical_id: str, type_name: str, **properties: Any) -> Change:
    """A creation in the plan."""
    resource = Resource("s", logical_id, type_name, properties, tags={"strands:project": "desk"})
    return Change("s", logical_id, type_name, Action.CREATE, Reason.NEW, target=resource)


@pytest.mark.parametrize(
    ("used", "new", "verdict"), [(7, 3, Verdict.PASSED), (8, 3, Verdict.FAILED), (None, 1, Verdict.SKIPPED)]
)
def test_quotas_count_what_is_new(
    used: int | None, new: int, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(_: Any) -> quotas.Usage:
        if used is None:
            raise failure()
        return quotas.Usage(used, 10)

    monkeypatch.setattr(preflight, "QUOTAS", {"AWS::DynamoDB::Table": quotas.Quota("tables", look)})
    changes = [made(f"T{number}", "AWS::DynamoDB::Table") for number in range(new)]
    changes.append(replace(changes[0], logical_id="Old", action=Action.UPDATE))
    [found] = preflight._quotas(changes, Answers())  # type: ignore[arg-type]
    assert found.verdict is verdict
    assert bool(found.remedy) == (verdict is Verdict.FAILED)


class Finds:
    """A provisioner that finds what it is told."""

    def __init__(self, found: Live | CloudError | None) -> None:
        self._found = found

    def find(self, _: Any) -> Live | None:
        if isinstance(self._found, CloudError):
            raise self._found
        return self._found


@pytest.mark.parametrize(
    ("found", "verdict", "said"),
    [
        (None, Verdict.PASSED, "1 names to be made are free"),
        (Live("url", {}, tags={}), Verdict.FAILED, "not tagged as this environment's"),
        (Live("url", {}, tags={"strands:project": "desk"}), Verdict.WARNING, "is taken over"),
        (failure(), Verdict.WARNING, "Could not be looked up"),
    ],
)
def test_names_are_looked_up_before(
    found: Live | CloudError | None, verdict: Verdict, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight.tags, "is_ours", lambda live, wanted: live == wanted)
    change = made("Jobs", "AWS::SQS::Queue", QueueName="jobs")
    nameless = made("Mapping", "AWS::Lambda::EventSourceMapping")
    provisioners: Any = {"AWS::SQS::Queue": Finds(found)}
    [check] = preflight._collisions([change, nameless], Answers(), provisioners)  # type: ignore[arg-type]
    assert (check.verdict, said in check.message) == (verdict, True)
    assert bool(check.remedy) == (verdict is Verdict.FAILED or isinstance(found, CloudError))


def test_runtimes_that_have_ended_are_named() -> None:
    changes = [
        made("Old", "AWS::Lambda::Function", Runtime="python3.9"),
        made("New", "AWS::Lambda::Function", Runtime="python3.13"),
        replace(made("Gone", "AWS::Lambda::Function"), action=Action.DELETE, target=None),
    ]
    [check] = preflight._runtimes(changes, date(2026, 1, 1))
    assert (check.name, check.verdict) == ("Runtime of Old", Verdict.WARNING)
    assert "October 2025" in check.message and check.remedy


def test_permissions_that_nobody_could_ask_for_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: Any) -> list[str]:
        raise failure()

    monkeypatch.setattr(preflight, "denied_actions", denied)
    aws: Any = identity()
    assert preflight.may(HERE, aws, {"AWS::SQS::Queue"}).verdict is Verdict.SKIPPED
    monkeypatch.setattr(preflight, "denied_actions", lambda *_: [f"sqs:Action{number}" for number in range(7)])
    refused = preflight.may(HERE, aws, {"AWS::SQS::Queue"})
    assert refused.verdict is Verdict.FAILED and "and 2 more" in refused.message and "access page" in refused.remedy


def test_credentials_of_another_account_end_the_plan_with_what_to_do(
    dev: Environment, bob: User, sample: Configuration, cloud: str
) -> None:
    dev.credentials, dev.role_arn = "role", "arn:aws:iam::210987654321:role/elsewhere"
    dev.save()
    refused = plan(dev, bob)
    assert refused.status == Status.INVALID
    assert f"belong to account 210987654321, but the environment is account {dev.account}" in refused.error
    assert "Give the environment a role to assume" in refused.error


def test_a_connection_that_cannot_be_made_is_a_failed_check(
    dev: Environment, cloud: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any, **__: Any) -> Any:
        raise failure(Category.CREDENTIALS)

    monkeypatch.setattr(clouds, "session_for", refused)
    dev.read_role_arn = "arn:aws:iam::123456789012:role/read"
    found = connection.test(dev, "")
    assert [(check.name, check.verdict, check.remedy) for check in found] == [
        ("Reading role", Verdict.FAILED, "Ask."),
        ("Credentials", Verdict.FAILED, "Ask."),
    ]
    dev.credentials = "role"
    assert Check(
        "Credentials", Verdict.FAILED, "dev names no role to assume. An owner can set it in its settings."
    ) in (connection.test(dev, ""))


def test_code_that_cannot_be_packed_ends_the_plan_with_its_line(
    dev: Environment, bob: User, sample: Configuration, cloud: str, edit: Any
) -> None:
    edit("path: ./apps/triage", "path: ./apps/triagee")
    refused = plan(dev, bob)
    assert refused.status == Status.INVALID
    [problem] = refused.problems
    assert problem["path"] == "agents[1].path" and problem["suggestion"]
    assert not Deployment.objects.filter(plan__isnull=False).exists()


def test_a_plan_that_does_nothing_is_not_looked_ahead_of(
    dev: Environment, bob: User, sample: Configuration, cloud: str
) -> None:
    first = plan(dev, bob)
    assert {"Credentials", "Region", "Permissions", "Quota", "Names"} <= {each["name"] for each in first.plan.checks}
    run(first, bob)
    assert plan(dev, bob).plan.checks == []
