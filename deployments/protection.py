"""What a plan still needs before it may run, as one pure function over facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rule:
    """What an environment asks for: how many distinct people must approve, none of them the proposer."""

    required_approvals: int


@dataclass(frozen=True, slots=True)
class Review:
    """One person's word on a plan; `may_approve` is whether that person may, now."""

    person: int | None
    name: str
    approved: bool
    plan_digest: str
    may_approve: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a plan stands: `allowed`, or refused by somebody, or still missing something (in words)."""

    required: int
    given: int
    refused_by: str = ""
    missing: list[str] = field(default_factory=list)

    @property
    def allowed(self) -> bool:
        """The plan may run."""
        return not self.refused_by and not self.missing


def stand(*, rule: Rule, plan_digest: str, proposer: int | None, reviews: Sequence[Review]) -> Standing:
    """Weighs the reviews: those count that are of these very bytes, by people who may, on somebody else's plan."""
    counted = {
        review.person
        for review in reviews
        if review.approved and review.plan_digest == plan_digest and review.may_approve and review.person != proposer
    }
    refused_by = next((review.name for review in reviews if not review.approved), "")
    missing = []
    lacking = rule.required_approvals - len(counted)
    if lacking > 0:
        people = "1 more person" if lacking == 1 else f"{lacking} more people"
        missing.append(f"{people} with the role approver or owner, other than who proposed it, must approve.")
    return Standing(required=rule.required_approvals, given=len(counted), refused_by=refused_by, missing=missing)
