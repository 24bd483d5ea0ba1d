"""May this plan run now? One pure function over the protection, the facts, the reviews and the hour.

Allowed: nothing is missing. Waiting: it can become allowed as it is, and every need says what is missing and from
whom. Refused: nothing that anybody does to this plan will help; a new one is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

from projects.protection.facts import Debt, Facts, Held, Person, Review
from projects.protection.freezing import Window, open_windows
from projects.protection.model import Freeze, Protection, Requirement, Running
from projects.protection.places import Shortage, shortages
from projects.protection.wording import budget_words, counted, listed, requirement_words
from projects.roles import Action, Role, can

FRESH = timedelta(minutes=5)
"""How old a second factor may be when somebody approves."""


class Outcome(StrEnum):
    """What comes out of it, from the least to the most."""

    REFUSED = "refused"
    WAITING = "waiting"
    ALLOWED = "allowed"


class NeedKind(StrEnum):
    """What a plan waits for."""

    APPROVAL = "approval"
    TIME = "time"
    FREEZE = "freeze"
    PREFLIGHT = "preflight"
    LINT = "lint"
    UPSTREAM = "upstream"
    DEBT = "debt"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that is missing, as a sentence.

    `people` are the ids of those who can give it, `until` is when it ends by itself; either may be empty.
    """

    kind: NeedKind
    text: str
    people: tuple[int, ...] = ()
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What came out, and everything a page says about it.

    `approved_by` are the names behind the approvals that count, `discounted` says of every other one why it does not.
    `over_budget` are sentences; they are why `required` is more than the protection asks for.
    """

    refusals: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    required: int = 0
    approved_by: tuple[str, ...] = ()
    discounted: tuple[str, ...] = ()
    over_budget: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """Refusals weigh more than needs."""
        return Outcome.REFUSED if self.refusals else Outcome.WAITING if self.needs else Outcome.ALLOWED

    @property
    def allowed(self) -> bool:
        """The plan may run."""
        return self.outcome is Outcome.ALLOWED

    @property
    def words(self) -> tuple[str, ...]:
        """Why it does not run, sentence by sentence; empty when it may."""
        return self.refusals or tuple(need.text for need in self.needs)


def decide(protection: Protection, facts: Facts, reviews: Iterable[Review], now: datetime) -> Decision:
    """Weighs everything; `now` has a zone. The order of reviews and people does not matter."""
    said = sorted((review for review in reviews if facts.is_about(review.plan_digest)), key=_by_time_and_person)
    over = budget_words(protection.budget, facts.impact)
    requirements = _requirements(protection, over=bool(over))
    approvers = {person.id: person for person in facts.people if can(person.role, Action.APPROVE)}
    barred = _barred(protection, facts)
    given: dict[int, Person] = {}
    reasons: dict[tuple[int | None, str], str] = {}
    for review in said:
        if not review.approved:
            continue
        person = approvers.get(review.person or 0)
        why = _why_not(protection, review, person, barred, now)
        if person and not why:
            given[person.id] = person
        else:
            reasons[review.person, review.name] = why
    able = [person for person in approvers.values() if person.id not in barred and person.id not in given]
    short = shortages(requirements, list(given.values()), able)
    return Decision(
        refusals=(*_vetoes(said), *_refusals(protection, facts), *(over if protection.budget.refuses else ())),
        needs=(
            *(_approval_need(shortage) for shortage in short),
            *_wait(protection, facts, now),
            *_freezes(protection, facts, now),
            *_checks(protection, facts),
            *(_debt_need(debt, approvers.values()) for debt in facts.debts),
            *(_hold_need(held, facts.people) for held in facts.holds),
        ),
        required=sum(requirement.count for requirement in requirements),
        approved_by=tuple(sorted(person.name for person in given.values())),
        discounted=tuple(text for (person, _), text in reasons.items() if person not in given),
        over_budget=over,
    )


def stopping(freezes: Sequence[Freeze], facts: Facts, now: datetime) -> tuple[Window, ...]:
    """The open freezes that end a deployment of this plan that runs already; no owner lets it pass."""
    ending = [freeze for freeze in freezes if freeze.running is Running.END]
    return tuple(window for window in open_windows(ending, now) if not _overridden(window, facts))


def _requirements(protection: Protection, *, over: bool) -> tuple[Requirement, ...]:
    """What is asked for, with people on top, whoever may approve, where the plan is over budget."""
    if not over or protection.budget.refuses:
        return protection.approvals
    return (*protection.approvals, Requirement(protection.budget.more_approvals))


def _barred(protection: Protection, facts: Facts) -> dict[int, str]:
    """Who may not approve this plan whatever their role, and what they did."""
    barred: dict[int, str] = {}
    if not protection.editor_may_approve:
        barred |= dict.fromkeys(facts.editors, "edited its configuration last")
    if not protection.proposer_may_approve:
        barred |= dict.fromkeys(facts.proposers, "proposed this plan, or stands behind what did")
    return barred


def _why_not(
    protection: Protection, review: Review, person: Person | None, barred: dict[int, str], now: datetime
) -> str:
    """Why an approval does not count, as a sentence; empty when it does. `person` is None for who may not approve."""
    who = review.name
    if person is None:
        return f"{who} may not approve here any more."
    if person.id in barred:
        return f"{who} {barred[person.id]}."
    hours = protection.approvals_expire_hours
    if hours is not None and review.given_at + timedelta(hours=hours) <= now:
        return f"{who}'s approval is older than {counted(hours, 'hour')} and has expired."
    if protection.comment_required and not review.comment.strip():
        return f"{who} approved without a comment, which is asked for."
    if protection.fresh_factor and not _is_fresh(review):
        return f"{who} approved without a fresh second factor."
    return ""


def _is_fresh(review: Review) -> bool:
    return review.factor_at is not None and timedelta() <= review.given_at - review.factor_at <= FRESH


def _vetoes(said: Sequence[Review]) -> tuple[str, ...]:
    """One rejection is enough, whoever rejected it and whatever became of them."""
    return tuple(dict.fromkeys(f"{review.name} rejected this plan." for review in said if not review.approved))


def _refusals(protection: Protection, facts: Facts) -> tuple[str, ...]:
    found = []
    if facts.brings_new and protection.promoted_from and facts.promoted_from not in protection.promoted_from:
        came = f"this was promoted from {facts.promoted_from}" if facts.promoted_from else "this was not promoted"
        found.append(f"Only what is promoted from {listed(protection.promoted_from)} may be deployed here; {came}.")
    of_branch = any(fnmatchcase(branch, pattern) for branch in facts.branches for pattern in protection.branches)
    if facts.brings_new and protection.branches and not of_branch:
        came = f"come from {listed(sorted(facts.branches))}" if facts.branches else "do not say from which they come"
        found.append(f"Only sources of the branch {listed(protection.branches)} may be deployed here; these {came}.")
    if facts.brings_new and protection.lint and facts.lint is False:
        found.append("The lint found errors in the configuration; it has to be put right, and planned again.")
    return tuple(found)


def _approval_need(shortage: Shortage) -> Need:
    missing, candidates = shortage.missing, shortage.candidates
    names = listed([person.name for person in candidates], most=5, word="or")
    text = f"{counted(missing, 'more approval')} by {requirement_words(shortage.requirement)}"
    if not candidates:
        could = "nobody else can give it; an owner has to change the roles or the protection"
    elif len(candidates) < missing:
        could = f"only {names} could give one; an owner has to change the roles or the protection"
    else:
        could = f"{names} can give {'it' if missing == 1 else 'them'}"
    verb = "is" if missing == 1 else "are"
    people = tuple(person.id for person in candidates)
    return Need(NeedKind.APPROVAL, f"{text} {verb} missing: {could}.", people=people)


def _debt_need(debt: Debt, approvers: Iterable[Person]) -> Need:
    able = sorted((person for person in approvers if person.id != debt.person), key=lambda person: person.id)
    names = listed([person.name for person in able], most=5, word="or")
    who = f"{names} can do that" if able else "nobody else can; an owner has to change the roles"
    text = f"{debt.name} deployed {debt.deployment} in an emergency; a second person has to review that first: {who}."
    return Need(NeedKind.DEBT, text, people=tuple(person.id for person in able))


def _hold_need(held: Held, people: Iterable[Person]) -> Need:
    able = sorted((person for person in people if can(person.role, Action.HOLD)), key=lambda person: person.id)
    names = listed([person.name for person in able], most=5, word="or") or "an owner"
    passing = "can let this plan pass, saying why"
    ways = (
        f"Whoever may deploy here {passing}; {names} can resume"
        if held.by_deployers
        else f"{names} {passing}, or resume"
    )
    text = f"{held.said} {ways}."
    return Need(NeedKind.HOLD, text, people=() if held.by_deployers else tuple(person.id for person in able))


def _wait(protection: Protection, facts: Facts, now: datetime) -> tuple[Need, ...]:
    until = facts.proposed_at + timedelta(minutes=protection.minimum_wait_minutes)
    if now >= until or not protection.minimum_wait_minutes:
        return ()
    left = counted(-(-int((until - now).total_seconds()) // 60) or 1, "more minute")
    minimum = counted(protection.minimum_wait_minutes, "minute")
    return (Need(NeedKind.TIME, f"Plans wait {minimum} here before they run: {left}.", until=until),)


def _freezes(protection: Protection, facts: Facts, now: datetime) -> tuple[Need, ...]:
    owners = tuple(sorted(person.id for person in facts.people if person.role is Role.OWNER))
    return tuple(
        Need(
            NeedKind.FREEZE,
            f"Nothing starts here during {window.freeze.name}, until {window.until}, unless an owner overrides it "
            "with a reason.",
            people=owners,
            until=window.end,
        )
        for window in open_windows(protection.freezes, now)
        if not _overridden(window, facts)
    )


def _overridden(window: Window, facts: Facts) -> bool:
    owners = {person.id for person in facts.people if person.role is Role.OWNER}
    return any(
        override.person in owners
        and override.freeze == window.freeze.name
        and facts.is_about(override.plan_digest)
        and bool(override.reason.strip())
        and window.holds(override.given_at)
        for override in facts.overrides
    )


def _checks(protection: Protection, facts: Facts) -> tuple[Need, ...]:
    needs = []
    if protection.preflight and not facts.preflight:
        state = "They have not run yet" if facts.preflight is None else "They failed; they can be run again"
        needs.append(Need(NeedKind.PREFLIGHT, f"The preflight checks have to pass. {state}."))
    if facts.brings_new and protection.lint and facts.lint is None:
        needs.append(Need(NeedKind.LINT, "The configuration has to be linted; that was not done yet."))
    if facts.brings_new:
        needs += _upstream(protection, facts)
    return tuple(needs)


def _upstream(protection: Protection, facts: Facts) -> Iterator[Need]:
    wanted = set(protection.upstream)
    if protection.upstream_of_path and facts.before_on_path is None:
        what = "Only what succeeded before it on the project's path may be deployed here, and this is not on the path"
        yield Need(NeedKind.UPSTREAM, f"{what}; an owner has to put it there.")
    elif protection.upstream_of_path and facts.before_on_path:
        wanted.add(facts.before_on_path)
    if absent := sorted(wanted - facts.deployed_in):
        what = "The same configuration and sources have to be deployed successfully first in"
        yield Need(NeedKind.UPSTREAM, f"{what} {listed(absent, word='and')}.")


def _by_time_and_person(review: Review) -> tuple[datetime, int, str, bool, str, bool]:
    return (
        review.given_at,
        review.person or 0,
        review.name,
        review.approved,
        review.plan_digest,
        bool(review.comment.strip()),
    )
