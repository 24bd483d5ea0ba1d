"""Random protections, plans and reviews for property tests, and a small cast of people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from projects.protection.facts import Facts, Impact, Override, Person, Review
from projects.protection.model import Budget, Cron, Day, Freeze, Once, Protection, Requirement, Running, Weekly
from projects.protection.reading import read
from projects.roles import Role

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)  # a Friday
DIGEST, EARLIER, OTHER = "d" * 64, "e" * 64, "f" * 64

ALICE = Person(1, "alice", "Alice", Role.OWNER)
ADA = Person(2, "ada", "Ada", Role.APPROVER, frozenset({"okta:sre"}))
OLGA = Person(3, "olga", "Olga", Role.APPROVER)
BOB = Person(4, "bob", "Bob", Role.DEPLOYER)
VERA = Person(5, "vera", "Vera", Role.VIEWER, frozenset({"okta:sre"}))
OTTO = Person(6, "otto", "Otto", Role.OWNER)
CAST = (ALICE, ADA, OLGA, BOB, VERA, OTTO)

instants = st.integers(-3 * 24 * 60, 24 * 60).map(lambda minutes: NOW + timedelta(minutes=minutes))


def approval(
    person: Person, *, minutes_ago: int = 0, comment: str = "", factor_minutes_ago: int | None = None
) -> Review:
    """The person's approval of the plan."""
    factor_at = None if factor_minutes_ago is None else NOW - timedelta(minutes=factor_minutes_ago)
    given_at = NOW - timedelta(minutes=minutes_ago)
    return Review(person.id, person.name, True, DIGEST, given_at, comment, factor_at)


def of_bob(**more: object) -> Facts:
    """A plan that Bob proposed an hour ago."""
    known = {
        "plan_digest": DIGEST,
        "proposed_at": NOW - timedelta(hours=1),
        "people": CAST,
        "proposers": frozenset({BOB.id}),
    }
    return Facts(**{**known, **more})  # type: ignore[arg-type]


def _some(choices: tuple[str, ...], most: int = 2) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(choices), unique=True, max_size=most).map(tuple)


requirements = st.builds(
    Requirement,
    count=st.integers(1, 2),
    people=_some(tuple(person.username for person in CAST)),
    groups=_some(("okta:sre", "okta:dba")),
    roles=st.lists(st.sampled_from([Role.APPROVER, Role.OWNER]), unique=True).map(tuple),
)
budgets = st.builds(
    Budget,
    deletes=st.none() | st.integers(0, 3),
    replaced_stateful=st.none() | st.integers(0, 3),
    monthly_increase_usd=st.none() | st.sampled_from([0.0, 1.5, 100.0]),
    new_permissions=st.none() | st.integers(0, 3),
    resources=st.none() | st.integers(0, 3),
    more_approvals=st.integers(1, 2),
    refuses=st.booleans(),
)
local_times = st.datetimes(min_value=datetime(2026, 10, 20), max_value=datetime(2026, 12, 20)).map(  # noqa: DTZ001
    lambda moment: moment.replace(second=0, microsecond=0)
)
onces = st.builds(lambda start, hours: Once(start, start + timedelta(hours=hours)), local_times, st.integers(1, 400))
weeklies = st.builds(
    Weekly,
    days=st.lists(st.sampled_from(Day), unique=True, min_size=1).map(tuple),
    at=st.times().map(lambda moment: moment.replace(second=0, microsecond=0)),
    minutes=st.integers(1, 7 * 24 * 60),
)
crons = st.builds(
    Cron,
    expression=st.sampled_from(
        ["0 16 * * fri", "30 2 * * *", "0 0 1 */3 *", "15 2,14 24-26 dec mon", "0 9-17/4 * * 1-5"]
    ),
    minutes=st.integers(1, 7 * 24 * 60),
)
freezes = st.builds(
    Freeze,
    name=st.sampled_from(["weekend", "Christmas", "audit"]),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
    when=onces | weeklies | crons,
    running=st.sampled_from(Running),
)
protections = st.builds(
    Protection,
    approvals=st.lists(requirements, max_size=3).map(tuple),
    proposer_may_approve=st.booleans(),
    editor_may_approve=st.booleans(),
    comment_required=st.booleans(),
    fresh_factor=st.booleans(),
    approvals_expire_hours=st.none() | st.integers(1, 48),
    minimum_wait_minutes=st.sampled_from([0, 0, 30, 600]),
    budget=budgets,
    freezes=st.lists(freezes, max_size=2, unique_by=lambda freeze: freeze.name).map(tuple),
    promoted_from=_some(("dev", "staging")),
    branches=_some(("main", "release/*")),
    preflight=st.booleans(),
    lint=st.booleans(),
    upstream=_some(("dev", "staging")),
    upstream_of_path=st.booleans(),
).map(lambda protection: read(protection.as_dict()))

_people_ids = st.sampled_from([*(person.id for person in CAST), 99])
reviews = st.builds(
    Review,
    person=st.none() | _people_ids,
    name=st.just("somebody"),
    approved=st.sampled_from([True, True, True, True, False]),
    plan_digest=st.sampled_from([DIGEST, DIGEST, EARLIER, OTHER]),
    given_at=instants,
    comment=st.sampled_from(["", " ", "fine"]),
    factor_at=st.none() | instants,
)
approvals = reviews.filter(lambda review: review.approved)
overrides = st.builds(
    Override,
    person=_people_ids,
    plan_digest=st.sampled_from([DIGEST, OTHER]),
    freeze=st.sampled_from(["weekend", "Christmas"]),
    reason=st.sampled_from(["", "the fix cannot wait"]),
    given_at=instants,
)
facts = st.builds(
    Facts,
    plan_digest=st.just(DIGEST),
    proposed_at=instants,
    people=st.permutations(CAST).map(tuple),
    proposers=st.frozensets(_people_ids, max_size=2),
    editors=st.frozensets(_people_ids, max_size=2),
    earlier_digests=st.sampled_from([frozenset[str](), frozenset({EARLIER})]),
    impact=st.builds(
        Impact,
        deletes=st.integers(0, 4),
        replaced_stateful=st.integers(0, 4),
        monthly_increase_usd=st.sampled_from([-5.0, 0.0, 2.0, 500.0]),
        new_permissions=st.integers(0, 4),
        resources=st.integers(0, 4),
    ),
    brings_new=st.booleans(),
    promoted_from=st.sampled_from(["", "dev", "staging"]),
    branches=st.frozensets(st.sampled_from(["main", "release/2", "topic"]), max_size=2),
    preflight=st.sampled_from([None, True, False]),
    lint=st.sampled_from([None, True, False]),
    deployed_in=st.frozensets(st.sampled_from(["dev", "staging"])),
    before_on_path=st.sampled_from([None, "", "dev", "staging"]),
    overrides=st.lists(overrides, max_size=2).map(tuple),
)
