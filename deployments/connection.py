"""How an environment is reached, for its owners: the policies its roles need, and whether they work."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.views.decorators.debug import sensitive_variables

from deployments import clouds, preflight, second_factor
from deployments.aws.credentials import caller
from deployments.aws.registry import KINDS
from deployments.aws.trust import only_reading, principal, trust_policy
from deployments.checks import Check, Verdict
from deployments.engine.errors import CloudError
from deployments.errors import WorkflowError
from deployments.models import StateEntry
from projects.models import Environment


@dataclass(frozen=True, slots=True)
class Policies:
    """What the roles of an environment must say, as JSON; `caller` is who we are, or `unknown` why nobody could say."""

    trust: str
    trust_to_read: str
    deploy: str
    read: str
    caller: str
    unknown: str = ""


def policies(environment: Environment) -> Policies:
    """The policies to give to the environment's roles."""
    who, unknown = "", ""
    try:
        who = principal(caller(clouds.access_of(environment, "access", reading=True)))
    except (CloudError, WorkflowError) as error:
        unknown = str(error)
    trust, trust_to_read = (
        trust_policy(
            principal=who or "the ARN that strandsweb runs as",
            external_id=environment.external_id,
            project=environment.project.slug,
            environment=environment.name,
            with_code=with_code,
        )
        for with_code in (environment.asks_for_code, False)
    )
    deploy = preflight.policy_of(environment)
    return Policies(_text(trust), _text(trust_to_read), _text(deploy), _text(only_reading(deploy)), who, unknown)


@sensitive_variables("code")
def test(environment: Environment, code: str) -> list[Check]:
    """Reaches the account as a deployment would, and asks what the role may; only reads.

    Permissions are asked for what is deployed, or for one of everything where nothing is yet. With no code of the
    MFA device (empty), where the environment asks for one, the role that writes is left out.
    """
    types = set(StateEntry.objects.filter(environment=environment).values_list("type", flat=True)) & KINDS.keys()
    checks: list[Check] = []
    for reading in (True, False) if environment.read_role_arn else (False,):
        name = "Reading role" if reading else "Credentials"
        if environment.asks_for_code and not reading and not code:
            checks.append(Check("MFA device", Verdict.SKIPPED, "The role that writes is tried with a code only."))
            break
        try:
            keys = second_factor.shown(environment, code).keys if code and not reading else None
            with clouds.connect(environment, purpose="access-test", reading=reading, parallelism=8, keys=keys) as aws:
                found = preflight.of_connection(environment, aws)
                if not reading:
                    found.append(preflight.may(environment, aws, types or set(KINDS)))
        except CloudError as error:
            found = [Check(name, Verdict.FAILED, str(error), error.advice)]
        except WorkflowError as refusal:
            found = [Check(name, Verdict.FAILED, str(refusal))]
        checks += [check for check in found if check not in checks]
    return checks


def _text(policy: object) -> str:
    return json.dumps(policy, indent=2)
