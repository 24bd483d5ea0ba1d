"""IAM: AWS's own managed policies can be attached, without loading all of them into every account."""

from __future__ import annotations

import functools
import json
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend

_PREFIX = ":iam::aws:policy/"


def install() -> None:
    original = IAMBackend.attach_role_policy

    def attach_role_policy(self: IAMBackend, policy_arn: str, role_name: str) -> None:
        if _PREFIX in policy_arn and policy_arn not in self.managed_policies:
            name = policy_arn.rpartition("/")[2]
            data = _catalogue().get(name)
            if data is not None:
                policy = AWSManagedPolicy.from_data(name, self.account_id, self.region_name, data)
                if policy.arn == policy_arn:
                    self.managed_policies[policy_arn] = policy
        original(self, policy_arn, role_name)

    IAMBackend.attach_role_policy = attach_role_policy  # type: ignore[method-assign]


@functools.cache
def _catalogue() -> dict[str, Any]:
    return dict(json.loads(aws_managed_policies_data))
