"""Who may do what, as one pure table; everything that decides access asks `can`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a member is in a project."""

    VIEWER = "viewer"
    DEPLOYER = "deployer"
    APPROVER = "approver"
    OWNER = "owner"


class Action(StrEnum):
    """What can be done in a project; the value completes "may ..."."""

    VIEW = "see the project"
    EDIT_CONFIGURATION = "edit the configuration"
    UPLOAD_SOURCE = "upload sources"
    PROPOSE = "propose plans"
    RUN = "run approved plans"
    CANCEL_OWN = "cancel their own runs"
    CANCEL_ANY = "cancel any run"
    TRY = "call the deployed API"
    SET_SECRETS = "set the values of secrets"
    APPROVE = "approve or reject plans"
    MANAGE_MEMBERS = "manage members"
    MANAGE_ENVIRONMENTS = "manage environments and their protection"
    MANAGE_NOTIFICATIONS = "manage channels for notifications"


_VIEWER = frozenset({Action.VIEW})
_DEPLOYER = _VIEWER | {
    Action.EDIT_CONFIGURATION,
    Action.UPLOAD_SOURCE,
    Action.PROPOSE,
    Action.RUN,
    Action.CANCEL_OWN,
    Action.TRY,
    Action.SET_SECRETS,
}
_APPROVER = _DEPLOYER | {Action.APPROVE}
_OWNER = _APPROVER | {
    Action.CANCEL_ANY,
    Action.MANAGE_MEMBERS,
    Action.MANAGE_ENVIRONMENTS,
    Action.MANAGE_NOTIFICATIONS,
}

TABLE: Mapping[Role, frozenset[Action]] = {
    Role.VIEWER: _VIEWER,
    Role.DEPLOYER: _DEPLOYER,
    Role.APPROVER: _APPROVER,
    Role.OWNER: _OWNER,
}


FOR_TOKENS = frozenset(
    {
        Action.VIEW,
        Action.EDIT_CONFIGURATION,
        Action.UPLOAD_SOURCE,
        Action.PROPOSE,
        Action.RUN,
        Action.SET_SECRETS,
    }
)
"""What an API token can be made for. All else, above all approving, is done by people who signed in themselves."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an API token may of what its owner may: it narrows, and never adds. Empty names mean every one."""

    actions: frozenset[Action]
    project: str = ""
    environment: str = ""

    def covers(self, project: str, environment: str = "") -> bool:
        """Whether the token reaches that project, or that environment of it."""
        return self.project in ("", project) and (not environment or self.environment in ("", environment))

    def permits(self, action: Action) -> bool:
        """Whether the token may; seeing what it works on belongs to everything else."""
        return action is Action.VIEW or (action in FOR_TOKENS and action in self.actions)


def can(role: Role | None, action: Action, scope: Scope | None = None) -> bool:
    """Whether a member of that role may; nobody without a role may do anything. `scope` is None for people."""
    return role is not None and action in TABLE[role] and (scope is None or scope.permits(action))
