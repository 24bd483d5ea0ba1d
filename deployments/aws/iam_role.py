"""AWS::IAM::Role: a role with its inline and attached policies."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from deployments.aws import tags
from deployments.aws.calls import Answer, Refusal
from deployments.aws.provisioner import AwsProvisioner, in_order, picked
from deployments.engine.canonical import dumps
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_ABSENT = ("NoSuchEntity",)
_MARKER = ("Marker", "Marker")


def _normalise(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    normal = dict(properties)
    if isinstance(normal.get("AssumeRolePolicyDocument"), str):
        normal["AssumeRolePolicyDocument"] = json.loads(normal["AssumeRolePolicyDocument"])
    if "Policies" in normal:
        normal["Policies"] = in_order(normal["Policies"])
    return normal


class IamRole(AwsProvisioner):
    """Physical id: the role's name."""

    service = "iam"
    supported = frozenset(
        [
            "RoleName",
            "Path",
            "AssumeRolePolicyDocument",
            "Description",
            "MaxSessionDuration",
            "PermissionsBoundary",
            "ManagedPolicyArns",
            "Policies",
        ]
    )
    kind = Kind(
        type="AWS::IAM::Role",
        label="IAM role",
        immutable=frozenset({"RoleName", "Path"}),
        name_property="RoleName",
        policies=frozenset({"AssumeRolePolicyDocument", "Policies"}),
        unordered=frozenset({"ManagedPolicyArns"}),
        defaults={"Path": "/", "Description": "", "MaxSessionDuration": 3600, "ManagedPolicyArns": [], "Policies": []},
        normalise=_normalise,
        permissions=(
            "iam:AttachRolePolicy",
            "iam:CreateRole",
            "iam:DeleteRole",
            "iam:DeleteRolePermissionsBoundary",
            "iam:DeleteRolePolicy",
            "iam:DetachRolePolicy",
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
            "iam:PassRole",
            "iam:PutRolePermissionsBoundary",
            "iam:PutRolePolicy",
            "iam:TagRole",
            "iam:UntagRole",
            "iam:UpdateAssumeRolePolicy",
            "iam:UpdateRole",
        ),
    )

    def locate(self, target: Target) -> str:
        return str(target.properties["RoleName"])

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        answer, names, attached = self.aws.together(
            lambda: self.aws.look("iam", "get_role", _ABSENT, RoleName=physical_id),
            lambda: self._list("list_role_policies", "PolicyNames", physical_id),
            lambda: self._list("list_attached_role_policies", "AttachedPolicies", physical_id),
        )
        if answer is None:
            return None
        role = answer["Role"]
        policies = self.aws.together(*(partial(self._policy, physical_id, name) for name in names or ()))
        live = {
            "RoleName": role["RoleName"],
            "Path": role["Path"],
            "AssumeRolePolicyDocument": role["AssumeRolePolicyDocument"],
            "Description": role.get("Description", ""),
            "MaxSessionDuration": role.get("MaxSessionDuration", 3600),
            "ManagedPolicyArns": [policy["PolicyArn"] for policy in attached or ()],
            "Policies": [policy for policy in policies if policy is not None],
        }
        if "PermissionsBoundary" in role:
            live["PermissionsBoundary"] = role["PermissionsBoundary"]["PermissionsBoundaryArn"]
        return Live(physical_id, live, self._attributes(role), tags.from_list(role.get("Tags")))

    def make(self, target: Target) -> Made | Refusal:
        wanted = target.properties
        answer = self.aws.attempt(
            "iam",
            "create_role",
            ("EntityAlreadyExists",),
            AssumeRolePolicyDocument=_text(wanted["AssumeRolePolicyDocument"]),
            Tags=tags.to_list(target.tags),
            **picked(wanted, "RoleName", "Path", "Description", "MaxSessionDuration", "PermissionsBoundary"),
        )
        if isinstance(answer, Refusal):
            return answer
        name = answer["Role"]["RoleName"]
        self.aws.together(
            *(partial(self._put_policy, name, policy) for policy in wanted.get("Policies", ())),
            *(partial(self._attach, name, arn) for arn in wanted.get("ManagedPolicyArns", ())),
        )
        return Made(name, self._attributes(answer["Role"]))

    def update(self, target: Target, live: Live) -> Made:
        name, wanted, changed = live.physical_id, target.properties, self.changed(target, live)
        calls: list[Callable[[], Any]] = []
        if "AssumeRolePolicyDocument" in changed:
            document = _text(wanted["AssumeRolePolicyDocument"])
            calls.append(
                lambda: self.aws.call("iam", "update_assume_role_policy", RoleName=name, PolicyDocument=document)
            )
        if changed & {"Description", "MaxSessionDuration"}:
            calls.append(
                lambda: self.aws.call(
                    "iam",
                    "update_role",
                    RoleName=name,
                    Description=wanted.get("Description", ""),
                    MaxSessionDuration=wanted.get("MaxSessionDuration", 3600),
                )
            )
        if "PermissionsBoundary" in changed:
            calls.append(partial(self._put_boundary, name, wanted.get("PermissionsBoundary")))
        if "Policies" in changed:
            calls += self._policy_changes(name, live.properties.get("Policies", []), wanted.get("Policies", []))
        if "ManagedPolicyArns" in changed:
            before = set(live.properties.get("ManagedPolicyArns", ()))
            after = set(wanted.get("ManagedPolicyArns", ()))
            calls += [partial(self._attach, name, arn) for arn in sorted(after - before)]
            calls += [partial(self._detach, name, arn) for arn in sorted(before - after)]
        calls += self._retag(
            target,
            live,
            lambda put: self.aws.call("iam", "tag_role", RoleName=name, Tags=tags.to_list(put)),
            lambda keys: self.aws.call("iam", "untag_role", RoleName=name, TagKeys=keys),
        )
        self.aws.together(*calls)
        return Made(name, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        name = recorded.physical_id
        names, attached = self.aws.together(
            lambda: self._list("list_role_policies", "PolicyNames", name),
            lambda: self._list("list_attached_role_policies", "AttachedPolicies", name),
        )
        # IAM deletes a role only when nothing hangs on it any more.
        self.aws.together(
            *(partial(self._delete_policy, name, policy) for policy in names or ()),
            *(partial(self._detach, name, policy["PolicyArn"]) for policy in attached or ()),
        )
        self.aws.look("iam", "delete_role", _ABSENT, RoleName=name)

    @staticmethod
    def _attributes(role: Mapping[str, Any]) -> dict[str, Any]:
        return {"Arn": role["Arn"], "RoleId": role["RoleId"]}

    def _list(self, method: str, items: str, name: str) -> list[Any] | None:
        return self.aws.pages("iam", method, items, token=_MARKER, absent=_ABSENT, RoleName=name)

    def _policy(self, role: str, name: str) -> dict[str, Any] | None:
        answer = self.aws.look("iam", "get_role_policy", _ABSENT, RoleName=role, PolicyName=name)
        return answer and {"PolicyName": name, "PolicyDocument": answer["PolicyDocument"]}

    def _policy_changes(
        self, role: str, before: list[dict[str, Any]], after: list[dict[str, Any]]
    ) -> list[Callable[[], Any]]:
        there = {policy["PolicyName"]: dumps(policy) for policy in before}
        kept = {policy["PolicyName"] for policy in after}
        puts = [policy for policy in after if there.get(policy["PolicyName"]) != dumps(policy)]
        return [partial(self._put_policy, role, policy) for policy in puts] + [
            partial(self._delete_policy, role, name) for name in sorted(there.keys() - kept)
        ]

    def _put_policy(self, role: str, policy: Mapping[str, Any]) -> Answer:
        return self.aws.call(
            "iam",
            "put_role_policy",
            RoleName=role,
            PolicyName=policy["PolicyName"],
            PolicyDocument=_text(policy["PolicyDocument"]),
        )

    def _delete_policy(self, role: str, name: str) -> Answer | None:
        return self.aws.look("iam", "delete_role_policy", _ABSENT, RoleName=role, PolicyName=name)

    def _attach(self, role: str, arn: str) -> Answer:
        return self.aws.call("iam", "attach_role_policy", RoleName=role, PolicyArn=arn)

    def _detach(self, role: str, arn: str) -> Answer | None:
        return self.aws.look("iam", "detach_role_policy", _ABSENT, RoleName=role, PolicyArn=arn)

    def _put_boundary(self, role: str, arn: str | None) -> None:
        if arn is None:
            self.aws.look("iam", "delete_role_permissions_boundary", _ABSENT, RoleName=role)
        else:
            self.aws.call("iam", "put_role_permissions_boundary", RoleName=role, PermissionsBoundary=arn)


def _text(document: Any) -> str:
    return document if isinstance(document, str) else dumps(document)
