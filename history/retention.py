"""Which records of an environment stay and which go, and why (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

SUCCEEDED = "succeeded"


@dataclass(frozen=True, slots=True)
class Policy:
    """How long an environment's records are kept; None is for ever.

    The `keep_last` newest ones stay whatever they are. Days count from the end of the deployment; `failed_days` is for
    all that did not succeed.
    """

    keep_last: int = 20
    succeeded_days: int | None = None
    failed_days: int | None = None

    def days_for(self, status: str) -> int | None:
        """How long a record of that status is kept."""
        return self.succeeded_days if status == SUCCEEDED else self.failed_days

    def as_dict(self) -> dict[str, int | None]:
        """Plain JSON, as tombstones and the audit log carry it."""
        return {
            "keepLast": self.keep_last,
            "succeededDays": self.succeeded_days,
            "failedDays": self.failed_days,
        }

    def __str__(self) -> str:
        if self.succeeded_days is None and self.failed_days is None:
            return "every record is kept for ever"
        return (
            f"{_last(self.keep_last, 'is', 'are')} kept, what succeeded {_for(self.succeeded_days)},"
            f" what did not {_for(self.failed_days)}"
        )


@dataclass(frozen=True, slots=True)
class Candidate:
    """What deciding needs of a record whose documents are still there.

    `kept_by` are its tags and holds in words; `held` says whether a hold is among them; `rollback_to` names the
    deployment it went back to, or is empty.
    """

    deployment_id: str
    sequence: int
    status: str
    ended_at: datetime
    kept_by: tuple[str, ...] = ()
    held: bool = False
    rollback_to: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a record, and why, in words."""

    record: Candidate
    goes: bool
    why: str


def judged(
    records: Iterable[Candidate], policy: Policy, now: datetime, needed: Mapping[str, str] | None = None
) -> list[Verdict]:
    """What becomes of every record, newest first.

    Tagged and held ones stay, whatever the policy says, and so do the newest, the newest that succeeded, what a held
    one went back to, and those `needed` for another reason (by id, with the reason).
    """
    ordered = sorted(records, key=lambda each: -each.sequence)
    stays = {each.rollback_to: f"{each.deployment_id}, which is held, went back to it" for each in ordered if each.held}
    stays |= needed or {}
    if best := next((each for each in ordered if each.status == SUCCEEDED), None):
        stays[best.deployment_id] = "it is the newest that succeeded"
    if ordered:
        stays[ordered[0].deployment_id] = "it is the newest"
    return [
        _verdict(each, stays.get(each.deployment_id, ""), at < policy.keep_last, policy, now)
        for at, each in enumerate(ordered)
    ]


def due(
    records: Iterable[Candidate], policy: Policy, now: datetime, needed: Mapping[str, str] | None = None
) -> list[tuple[Candidate, str]]:
    """Those that go, oldest first, each with why."""
    verdicts = judged(records, policy, now, needed)
    return [(each.record, each.why) for each in reversed(verdicts) if each.goes]


def differences(before: Policy, after: Policy) -> list[str]:
    """What a change of policy changes, one sentence without full stop for each."""
    pairs = zip(_sentences(before), _sentences(after), strict=True)
    return [f"{new} (before: {old})" for old, new in pairs if old != new]


def _verdict(record: Candidate, stays: str, among_last: bool, policy: Policy, now: datetime) -> Verdict:
    days = policy.days_for(record.status)
    age = now - record.ended_at
    if record.kept_by:
        return Verdict(record, False, f"it is {', '.join(record.kept_by)}")
    if stays:
        return Verdict(record, False, stays)
    if among_last:
        return Verdict(record, False, f"it is one of the last {policy.keep_last}")
    if days is None:
        return Verdict(record, False, f"what {_ended(record.status)} is kept for ever")
    if age < timedelta(days=days):
        return Verdict(record, False, f"what {_ended(record.status)} is kept {_for(days)}")
    became = "was cancelled" if record.status == "cancelled" else record.status
    return Verdict(record, True, f"it {became} {age.days} days ago; what {_ended(record.status)} is kept {_for(days)}")


def _sentences(policy: Policy) -> tuple[str, str, str]:
    return (
        f"{_last(policy.keep_last, 'record is', 'records are')} always kept",
        f"what succeeded is kept {_for(policy.succeeded_days)}",
        f"what did not succeed is kept {_for(policy.failed_days)}",
    )


def _last(count: int, one: str, more: str) -> str:
    return f"the last {one}" if count == 1 else f"the last {count} {more}"


def _for(days: int | None) -> str:
    return "for ever" if days is None else "for a day" if days == 1 else f"for {days} days"


def _ended(status: str) -> str:
    return "succeeded" if status == SUCCEEDED else "did not succeed"
