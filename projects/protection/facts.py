"""What is known of a plan, of the people, and of what they said about it, when somebody asks whether it may run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from projects.roles import Role


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has a role in the environment now; `groups` are names of the project's groups."""

    id: int
    username: str
    name: str
    role: Role
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Impact:
    """How much the plan does, to be held against the budget; see `model.Budget`."""

    deletes: int = 0
    replaced_stateful: int = 0
    monthly_increase_usd: float = 0.0
    new_permissions: int = 0
    resources: int = 0


@dataclass(frozen=True, slots=True)
class Review:
    """What somebody said about a plan. `person` is None where the account is gone, `factor_at` where none was shown."""

    person: int | None
    name: str
    approved: bool
    plan_digest: str
    given_at: datetime
    comment: str = ""
    factor_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """Somebody let this plan run in spite of a freeze; it holds for the window in which it was given."""

    person: int | None
    plan_digest: str
    freeze: str
    reason: str
    given_at: datetime


@dataclass(frozen=True, slots=True)
class Debt:
    """Somebody deployed without approvals in an emergency, and nobody else has looked at it yet.

    `deployment` names it for people; `person` is None where the account is gone.
    """

    deployment: str
    person: int | None
    name: str


@dataclass(frozen=True, slots=True)
class Held:
    """A hold that nobody let the plan pass, as a sentence; `by_deployers`: whoever may deploy may let it pass."""

    said: str
    by_deployers: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the decision is made from, besides the reviews and the hour. Instants have a zone.

    `earlier_digests` are plans of which this one was proved a subset: what was said about them holds for it.
    `proposers` are who proposed it and who stands behind them, `editors` who last edited its configuration.
    `brings_new` is False for what destroys or goes back to a recorded deployment: it has no source to come from.
    `branches` are those its sources were uploaded from.
    `preflight` and `lint` are None where nobody looked yet. `deployed_in` are environments in which the same
    configuration and the same sources were deployed successfully. `before_on_path` is what comes before this one on the
    project's path; empty for the first of it, None for one that is not on it.
    """

    plan_digest: str
    proposed_at: datetime
    people: tuple[Person, ...]
    proposers: frozenset[int] = frozenset()
    editors: frozenset[int] = frozenset()
    earlier_digests: frozenset[str] = frozenset()
    impact: Impact = field(default_factory=Impact)
    brings_new: bool = True
    promoted_from: str = ""
    branches: frozenset[str] = frozenset()
    preflight: bool | None = None
    lint: bool | None = None
    deployed_in: frozenset[str] = frozenset()
    before_on_path: str | None = None
    overrides: tuple[Override, ...] = ()
    debts: tuple[Debt, ...] = ()
    holds: tuple[Held, ...] = ()

    def is_about(self, digest: str) -> bool:
        """Whether something that was said of the plan of that digest holds for this one."""
        return digest == self.plan_digest or digest in self.earlier_digests
