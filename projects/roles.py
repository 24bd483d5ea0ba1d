"""Who may do what, as one pure table; everything that decides access asks `can`, and `standing` says as what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    DISCUSS = "discuss plans"
    EDIT_CONFIGURATION = "edit the configuration"
    UPLOAD_SOURCE = "upload sources"
    PROPOSE = "propose plans"
    RUN = "run approved plans"
    CANCEL_OWN = "cancel their own runs"
    CANCEL_ANY = "cancel any run"
    TRY = "call the deployed API"
    SET_SECRETS = "set the values of secrets"
    APPROVE = "approve or reject plans"
    BREAK_GLASS = "deploy in an emergency without approval"
    HOLD = "hold environments, quarantine releases and resume"
    MANAGE_MEMBERS = "manage members"
    MANAGE_ENVIRONMENTS = "manage environments and their protection"
    MANAGE_NOTIFICATIONS = "manage channels for notifications"
    VIEW_AS = "see the pages as another role would"


_VIEWER = frozenset({Action.VIEW, Action.DISCUSS})
_DEPLOYER = _VIEWER | {
    Action.EDIT_CONFIGURATION,
    Action.UPLOAD_SOURCE,
    Action.PROPOSE,
    Action.RUN,
    Action.CANCEL_OWN,
    Action.TRY,
    Action.SET_SECRETS,
}
_APPROVER = _DEPLOYER | {Action.APPROVE, Action.BREAK_GLASS, Action.HOLD}
_OWNER = _APPROVER | {
    Action.CANCEL_ANY,
    Action.MANAGE_MEMBERS,
    Action.MANAGE_ENVIRONMENTS,
    Action.MANAGE_NOTIFICATIONS,
    Action.VIEW_AS,
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
        Action.CANCEL_OWN,
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


@dataclass(frozen=True, slots=True)
class ViewAs:
    """An owner looks at the pages of a project as a role would; it narrows, and never adds."""

    project: str
    role: Role

    def narrows(self, project: str, role: Role) -> Role:
        """The role to go by in that project, for somebody of `role`."""
        return min(role, self.role, key=STRENGTH.index) if project == self.project else role


def can(role: Role | None, action: Action, scope: Scope | None = None) -> bool:
    """Whether a member of that role may; nobody without a role may do anything. `scope` is None for people."""
    return role is not None and action in TABLE[role] and (scope is None or scope.permits(action))


EVERYWHERE = frozenset(
    {
        Action.EDIT_CONFIGURATION,
        Action.UPLOAD_SOURCE,
        Action.MANAGE_MEMBERS,
        Action.MANAGE_NOTIFICATIONS,
        Action.VIEW_AS,
    }
)
"""What is done to the project as a whole: the role in an environment has no say in it."""

STRENGTH = tuple(Role)
"""From the least to the most."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """A role somebody was given, by hand or with a `group`, in the project or in one `environment` of it."""

    role: Role
    group: str = ""
    environment: str = ""

    def __str__(self) -> str:
        how = f"as a member of {self.group}" if self.group else "given by hand"
        return f"{self.role.value} in {self.environment or 'the project'}, {how}"


@dataclass(frozen=True, slots=True)
class Standing:
    """The role somebody has in one place (`environment` is empty for the project) and why.

    `because` are the assignments that give it, `outweighed` those that would give another one and do not count.
    """

    role: Role | None
    environment: str = ""
    because: tuple[Assignment, ...] = ()
    outweighed: tuple[Assignment, ...] = ()

    def may(self, action: Action) -> bool:
        """Whether the role is enough; what is done to the whole project is not asked of a role in an environment."""
        return can(self.role, action) and not (self.environment and action in EVERYWHERE)

    def why(self, name: str, action: Action) -> str:
        """Why the person of that name may or may not, as a sentence."""
        place = f" in {self.environment}" if self.environment else ""
        if self.environment and action in EVERYWHERE:
            return f"To {action.value} is a matter of the project, not of {self.environment}."
        if self.role is None:
            return f"{name} may not {action.value}{place}: has no role in the project."
        if not self.may(action):
            enough = next(role.value for role in STRENGTH if can(role, action))
            return f"{name} may not {action.value}{place}: that takes a role of {enough}; {self.reason}."
        return f"{name} may {action.value}{place}: {self.reason}."

    @property
    def reason(self) -> str:
        """Where the role comes from, in words."""
        given = " and ".join(map(str, self.because))
        instead = " and ".join(map(str, self.outweighed))
        return given + (f" (which outweighs {instead})" if instead else "")


def standing(assignments: Iterable[Assignment], environment: str = "") -> Standing:
    """The role that somebody's assignments amount to in the project, or in one environment of it.

    What was given for the environment outweighs what was given for the project, narrower or wider; and what was given
    by hand outweighs groups. Of several groups the strongest role counts. Who has no role in the project has none in
    its environments.
    """
    known = [each for each in assignments if each.environment in ("", environment)]
    if all(each.environment for each in known):
        return Standing(None, environment)
    best = max(map(_weight, known))
    because = [each for each in known if _weight(each) == best]
    outweighed = [each for each in known if each.role is not because[0].role]
    return Standing(because[0].role, environment, tuple(sorted(because, key=str)), tuple(sorted(outweighed, key=str)))


def _weight(assignment: Assignment) -> tuple[bool, bool, int]:
    return bool(assignment.environment), not assignment.group, STRENGTH.index(assignment.role)
