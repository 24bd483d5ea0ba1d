"""Resource policies: a queue keeps its own while other attributes change, a bucket's conditions count, IAM guards its.

Sources: the API references of SetQueueAttributes and DeletePolicy, and "Policy evaluation logic" of IAM.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.iam.access_control import PermissionResult
from moto.iam.exceptions import DeleteConflictException
from moto.iam.models import IAMBackend
from moto.s3.models import FakeBucket
from moto.sqs.models import Queue

from strandsweb.sandbox.policies import ALLOWED, DENIED, Asked, decide, statements_of

_ANYBODY = frozenset({("AWS", "*")})
# The sandbox speaks plain HTTP with one machine; a policy that asks for TLS is about others.
_OVER_TLS = {"aws:securetransport": ["true"]}


def install() -> None:
    _keep_policies_of_queues()
    _heed_conditions_of_buckets()
    _keep_policies_in_use()


def _keep_policies_of_queues() -> None:
    """moto forgets a queue's policy whenever anything else of it is set."""
    original = Queue._set_attributes

    def set_attributes(self: Queue, attributes: Mapping[str, Any], now: float | None = None) -> None:
        if "Policy" not in attributes and hasattr(self, "_policy_json"):
            attributes = {**attributes, "Policy": self.policy}
        # An empty text takes the policy away.
        original(self, {**attributes, "Policy": attributes.get("Policy") or None}, now)

    Queue._set_attributes = set_attributes  # type: ignore[method-assign]


def _heed_conditions_of_buckets() -> None:
    """moto takes a denial under a condition for one without."""

    def get_permission(self: FakeBucket, action: str, resource: str) -> Any:
        if self.policy is None:
            return PermissionResult.NEUTRAL
        decision, _ = decide(
            statements_of(self.policy.decode()), Asked(action, resource, _OVER_TLS, principals=_ANYBODY)
        )
        return {ALLOWED: PermissionResult.PERMITTED, DENIED: PermissionResult.DENIED}.get(
            decision, PermissionResult.NEUTRAL
        )

    FakeBucket.get_permission = get_permission  # type: ignore[method-assign]


def _keep_policies_in_use() -> None:
    """IAM deletes no policy that is attached to something, nor one with versions besides its default."""
    delete = IAMBackend.delete_policy

    def delete_policy(self: IAMBackend, policy_arn: str) -> None:
        policy = self.get_policy(policy_arn)
        if policy.attachment_count:
            raise DeleteConflictException("Cannot delete a policy attached to entities.")
        if len(policy.versions) > 1:
            raise DeleteConflictException(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's "
                "versions. The default version is deleted with the policy."
            )
        delete(self, policy_arn)

    IAMBackend.delete_policy = delete_policy  # type: ignore[method-assign]
