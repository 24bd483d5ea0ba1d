"""What watches and guards an environment is made, stays as it is, changes by the minimum, and goes."""

from __future__ import annotations

from typing import Any

from deployments.aws.registry import PROVISIONERS
from deployments.engine.plan import PlanKind
from tests.deployments.test_blueprint_deployed import Site, acted_on, blueprint_of, site

__all__ = ["site"]

WATCHED = """
project: {name: support-desk, region: us-east-1}
agents:
  - name: worker
    path: ./apps/triage
    uses: %s
    triggers: [{resource: jobs}]
  - {name: rotator, path: ./apps/triage, isolated: true}
resources:
  - {name: jobs, type: sqs, properties: {visibility_timeout: 200}}
  - {name: news, type: sns}
  - {name: token, type: secret, properties: {rotation: {agent: rotator, days: 30}}}
  - {name: archive, type: s3}
%s
shared:
  monitoring: {xray: true}
environments:
  dev: {account: "123456789012"}
"""


def watched(buckets: int) -> str:
    uses = ", ".join(f"{{resource: bucket-{number}, access: read-write}}" for number in range(buckets))
    resources = "".join(f"  - {{name: bucket-{number}, type: s3}}\n" for number in range(buckets))
    return WATCHED % (f"[{uses}]", resources.rstrip("\n"))


def test_it_is_made_stays_changes_and_goes(site: Site) -> None:
    text = watched(2)
    blueprint = blueprint_of(text)
    assert blueprint.problems == ()
    mine = {
        "AWS::CloudWatch::Dashboard",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
        "AWS::SecretsManager::RotationSchedule",
        "AWS::XRay::Group",
    }
    assert mine <= {resource.type for resource in blueprint.resources} <= set(PROVISIONERS)
    site.deploy(blueprint)
    assert acted_on(site.plan(blueprint.resources)) == []
    for before, after, expected in [
        ("days: 30", "days: 7", [("update", "RotatorTokenRotation")]),
        (
            "- {name: archive, type: s3}",
            "",
            [("delete", "ArchiveBucket"), ("delete", "ArchiveBucketPolicy")],
        ),
        ("xray: true", "xray: true, dashboard: false", [("delete", "OverviewDashboard")]),
    ]:
        text = text.replace(before, after)
        blueprint = blueprint_of(text)
        assert sorted(acted_on(site.deploy(blueprint))) == expected
        assert acted_on(site.plan(blueprint.resources)) == []
    site.deploy(blueprint, PlanKind.DESTROY)
    assert site.state.resources == {}


def test_permissions_outgrow_a_role_and_fit_again(site: Site) -> None:
    def role() -> dict[str, Any]:
        name = site.state.resources["SharedExecutionRole"].physical_id
        inline = site.aws.call("iam", "list_role_policies", RoleName=name)["PolicyNames"]
        attached = site.aws.call("iam", "list_attached_role_policies", RoleName=name)["AttachedPolicies"]
        return {"inline": len(inline), "attached": len(attached)}

    small, large = blueprint_of(watched(2)), blueprint_of(watched(65))
    site.deploy(small)
    assert role() == {"inline": 1, "attached": 0}
    site.deploy(large)
    assert role()["inline"] == 0 < role()["attached"] <= 10
    assert acted_on(site.plan(large.resources)) == []
    site.deploy(small)
    assert role() == {"inline": 1, "attached": 0}
    assert site.aws.call("iam", "list_policies", Scope="Local")["Policies"] == []
    site.deploy(small, PlanKind.DESTROY)
    assert site.state.resources == {}
