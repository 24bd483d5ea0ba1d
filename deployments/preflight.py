"""Looking ahead: would this plan fail for a reason that can be known before anybody approves it?

Only reads. What AWS does not let us look at is said, and does not stand in the way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial

import boto3

from deployments import clouds
from deployments.aws import tags
from deployments.aws.calls import Aws
from deployments.aws.credentials import needs_external_id
from deployments.aws.deploy_policy import deploy_policy
from deployments.aws.permissions import denied_actions
from deployments.aws.quotas import QUOTAS
from deployments.aws.registry import KINDS, PROVISIONERS
from deployments.aws.trust import principal, with_preflight, with_secret_values
from deployments.checks import Check, Verdict, or_skipped
from deployments.engine.errors import CloudError
from deployments.engine.plan import Action, Change, Plan
from deployments.engine.ports import Provisioners, Target
from projects.models import Credentials, Environment

NAMED = 5
END_OF_LIFE: Mapping[str, date] = {
    "python3.9": date(2025, 10, 31),
    "python3.10": date(2026, 10, 31),
    "python3.11": date(2027, 10, 31),
    "python3.12": date(2028, 10, 31),
    "python3.13": date(2029, 10, 31),
    "python3.14": date(2030, 10, 31),
}
"""Until when Python itself mends a version; Lambda follows with its runtimes soon after.

Source: https://devguide.python.org/versions/
"""


def of_connection(environment: Environment, aws: Aws) -> list[Check]:
    """What can be said of the connection alone: who we are there, the region, and whether only we can be it."""
    looks = [lambda: _identity(environment, aws), lambda: or_skipped("Region", lambda: _region(environment, aws))]
    if environment.credentials == Credentials.ROLE:
        looks.append(lambda: or_skipped("External id", lambda: _external_id(environment, aws)))
    checks: list[Check] = aws.together(*looks)
    return checks


def of_plan(environment: Environment, plan: Plan, aws: Aws, provisioners: Provisioners, today: date) -> list[Check]:
    """What can be said of a plan before it is approved, the connection included."""
    changes = [change for change in plan.changes if change.action is not Action.NO_CHANGE]
    looks: list[Callable[[], list[Check]]] = [
        lambda: of_connection(environment, aws),
        lambda: [may(environment, aws, {change.type for change in changes} & KINDS.keys())],
        lambda: _quotas(changes, aws),
        lambda: _collisions(changes, aws, provisioners),
    ]
    return [check for found in aws.together(*looks) for check in found] + _runtimes(changes, today)


def may(environment: Environment, aws: Aws, types: set[str]) -> Check:
    """Whether the role that applies plans may do what these types take."""
    name = "Permissions"
    policy = deploy_policy(
        KINDS,
        project=environment.project.slug,
        environment=environment.name,
        account=environment.account,
        region=environment.region,
        partition=aws.partition,
        types=types,
    )

    def look() -> Check:
        who = environment.role_arn if environment.credentials == Credentials.ROLE else ""
        who = who or principal(aws.call("sts", "get_caller_identity")["Arn"])
        denied = denied_actions(aws, who, policy)
        if not denied:
            return Check(name, Verdict.PASSED, f"{who} may do everything this takes.")
        more = f" and {len(denied) - NAMED} more" if len(denied) > NAMED else ""
        return Check(
            name,
            Verdict.FAILED,
            f"{who} may not {', '.join(denied[:NAMED])}{more}.",
            "Give the role the policy that the environment's access page prints.",
        )

    return or_skipped(name, look)


def policy_of(environment: Environment) -> dict[str, object]:
    """The least-privilege policy of the environment's role, with what looking ahead and setting secrets take."""
    return with_preflight(
        with_secret_values(
            deploy_policy(
                KINDS,
                project=environment.project.slug,
                environment=environment.name,
                account=environment.account,
                region=environment.region,
                partition=boto3.Session().get_partition_for_region(environment.region),
            )
        )
    )


def _identity(environment: Environment, aws: Aws) -> Check:
    # The connection has verified the account, so this says who, and cannot find another.
    who = aws.call("sts", "get_caller_identity")["Arn"]
    return Check("Credentials", Verdict.PASSED, f"Acts as {who} in account {environment.account}.")


def _region(environment: Environment, aws: Aws) -> Check:
    answer = aws.call("ec2", "describe_regions", RegionNames=[environment.region], AllRegions=True)
    status = next((each.get("OptInStatus", "") for each in answer["Regions"]), "unknown")
    if status in ("opt-in-not-required", "opted-in"):
        return Check("Region", Verdict.PASSED, f"{environment.region} is enabled in the account.")
    return Check(
        "Region",
        Verdict.FAILED,
        f"{environment.region} is not enabled in account {environment.account}.",
        "Enable it in the account's settings, or choose another region for the environment.",
    )


def _external_id(environment: Environment, aws: Aws) -> Check:
    """A role that anybody can assume through us, without the external id, is refused."""
    name = "External id"
    ways = [True] if environment.read_role_arn else []
    if not environment.asks_for_code:  # then nobody can be it without one; `second_factor` looks when one is entered
        ways.append(False)
    for reading in ways:
        access = clouds.access_of(environment, "preflight", reading=reading)
        if needs_external_id(access):
            continue
        role = (access.role_arn or "").rpartition("/")[2]
        if aws.look("iam", "get_role", ("NoSuchEntity",), RoleName=role) is None:
            return Check(name, Verdict.SKIPPED, f"{role} does not exist: this is a sandbox that lets anybody be it.")
        return Check(
            name,
            Verdict.FAILED,
            f"{access.role_arn} can be assumed without the external id, so by another project that names it, too.",
            "Give the role the trust policy that the environment's access page prints.",
        )
    return Check(name, Verdict.PASSED, "The role is refused to whoever does not know the external id.")


def _quotas(changes: list[Change], aws: Aws) -> list[Check]:
    new = Counter(change.type for change in changes if change.action is Action.CREATE)
    return [or_skipped("Quota", partial(_quota, kind, new[kind], aws)) for kind in QUOTAS if new[kind]]


def _quota(type_name: str, new: int, aws: Aws) -> Check:
    quota = QUOTAS[type_name]
    usage = quota.look(aws)
    said = f"{usage.used} of {usage.allowed} {quota.label}, and {new} more."
    if usage.used + new <= usage.allowed:
        return Check("Quota", Verdict.PASSED, said)
    return Check("Quota", Verdict.FAILED, said, "Ask AWS for more in Service Quotas, or remove what nobody needs.")


def _collisions(changes: list[Change], aws: Aws, provisioners: Provisioners) -> list[Check]:
    """Whether a name that is to be made is somebody else's already."""
    targets = [_target(change) for change in changes if change.action is Action.CREATE and _is_named(change)]
    if not targets:
        return []
    found = aws.together(*(partial(_in_the_way, target, provisioners) for target in targets))
    taken = [each for each in found if each is not None]
    return taken or [Check("Names", Verdict.PASSED, f"{len(targets)} names to be made are free.")]


def _in_the_way(target: Target, provisioners: Provisioners) -> Check | None:
    name = f"Name of {target.logical_id}"
    try:
        live = provisioners[target.type].find(target)
    except CloudError as error:
        return Check(name, Verdict.WARNING, f"Could not be looked up: {error}", error.advice)
    if live is None:
        return None
    if tags.is_ours(live.tags, target.tags):
        return Check(name, Verdict.WARNING, f"{live.physical_id} exists, is this environment's, and is taken over.")
    return Check(
        name,
        Verdict.FAILED,
        f"{live.physical_id} exists and is not tagged as this environment's.",
        "Rename the resource in the configuration, import it, or delete it if nobody needs it.",
    )


def _is_named(change: Change) -> bool:
    """It has a name of its own, known before the run, and tags that say whose it is."""
    provisioner = PROVISIONERS.get(change.type)
    if provisioner is None or change.target is None or not provisioner.taggable:
        return False
    return isinstance(change.target.properties.get(provisioner.kind.name_property or ""), str)


def _target(change: Change) -> Target:
    assert change.target is not None, "only what is made has a name"
    resource = change.target
    return Target(resource.logical_id, resource.type, resource.properties, resource.tags)


def _runtimes(changes: list[Change], today: date) -> list[Check]:
    """Runtimes whose language has ended; the sizes of the code were checked when it was packed."""
    checks = []
    for change in changes:
        runtime = str(change.target.properties.get("Runtime")) if change.target else ""
        end = END_OF_LIFE.get(runtime)
        if end is not None and end < today:
            checks.append(
                Check(
                    f"Runtime of {change.logical_id}",
                    Verdict.WARNING,
                    f"{runtime} gets no security fixes since {end:%B %Y}, and Lambda soon refuses new functions of it.",
                    "Choose a newer runtime for the agent.",
                )
            )
    return checks
