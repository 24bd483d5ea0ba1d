"""The role somebody has in a place: what outweighs what, why, and the matrix of it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects import matrix
from projects.roles import EVERYWHERE, STRENGTH, TABLE, Action, Assignment, Role, Standing, can, standing

roles = st.sampled_from(Role)
places = st.sampled_from(["", "dev", "prod"])
assignments = st.builds(
    Assignment, role=roles, group=st.sampled_from(["", "ops of okta", "dba of okta"]), environment=places
)
several = st.lists(assignments, max_size=5)

VIEWER, DEPLOYER, APPROVER, OWNER = (Assignment(role) for role in Role)


def test_every_role_may_what_the_weaker_ones_may() -> None:
    for weaker, stronger in pairwise(STRENGTH):
        assert TABLE[weaker] < TABLE[stronger]


@given(several, places, st.randoms(use_true_random=False))
def test_the_order_of_assignments_does_not_matter(given_roles: list[Assignment], place: str, random: object) -> None:
    shuffled = list(given_roles)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert standing(shuffled, place) == standing(given_roles, place)


@given(several, places)
def test_who_has_no_role_in_the_project_has_none_in_its_environments(given_roles: list[Assignment], place: str) -> None:
    inside = any(not each.environment for each in given_roles)
    assert (standing(given_roles, place).role is not None) == inside


@given(several, places)
def test_the_role_is_one_that_was_given_for_this_place(given_roles: list[Assignment], place: str) -> None:
    found = standing(given_roles, place)
    assert all(each in given_roles and each.role is found.role for each in found.because)
    assert all(each.environment in ("", place) for each in (*found.because, *found.outweighed))
    assert bool(found.because) == (found.role is not None)


@given(several, roles, st.sampled_from(["dev", "prod"]))
def test_what_was_given_by_hand_for_an_environment_decides_there_and_nowhere_else(
    given_roles: list[Assignment], role: Role, place: str
) -> None:
    others = [each for each in given_roles if each.environment != place or each.group]
    decided = [*others, DEPLOYER, Assignment(role, environment=place)]
    assert standing(decided, place).role is role
    for elsewhere in {"", "dev", "prod"} - {place}:
        assert standing(decided, elsewhere).role is standing([*others, DEPLOYER], elsewhere).role


@given(several, roles)
def test_what_was_given_by_hand_outweighs_groups(given_roles: list[Assignment], role: Role) -> None:
    groups = [each for each in given_roles if each.group]
    assert standing([*groups, Assignment(role)]).role is role


@given(several, roles)
def test_one_more_group_of_the_project_never_takes_anything(given_roles: list[Assignment], role: Role) -> None:
    more = Assignment(role, "more of okta")
    before, after = standing(given_roles), standing([*given_roles, more])
    assert all(after.may(action) for action in Action if before.may(action))


def test_of_several_groups_the_strongest_role_counts() -> None:
    weak, strong = Assignment(Role.VIEWER, "ops of okta"), Assignment(Role.APPROVER, "dba of okta")
    assert standing([weak, strong]) == Standing(Role.APPROVER, "", (strong,), (weak,))


@pytest.mark.parametrize(
    ("given_roles", "place", "action", "why"),
    [
        ([], "", Action.VIEW, "Bob may not see the project: has no role in the project."),
        ([DEPLOYER], "", Action.RUN, "Bob may run approved plans: deployer in the project, given by hand."),
        (
            [DEPLOYER],
            "prod",
            Action.APPROVE,
            "Bob may not approve or reject plans in prod: that takes a role of approver; "
            "deployer in the project, given by hand.",
        ),
        (
            [DEPLOYER, Assignment(Role.VIEWER, environment="prod")],
            "prod",
            Action.RUN,
            "Bob may not run approved plans in prod: that takes a role of deployer; "
            "viewer in prod, given by hand (which outweighs deployer in the project, given by hand).",
        ),
        (
            [VIEWER, Assignment(Role.OWNER, "ops of okta", "dev")],
            "dev",
            Action.CANCEL_ANY,
            "Bob may cancel any run in dev: owner in dev, as a member of ops of okta "
            "(which outweighs viewer in the project, given by hand).",
        ),
        (
            [OWNER],
            "dev",
            Action.MANAGE_MEMBERS,
            "To manage members is a matter of the project, not of dev.",
        ),
    ],
)
def test_why_somebody_may_or_may_not(given_roles: list[Assignment], place: str, action: Action, why: str) -> None:
    assert standing(given_roles, place).why("Bob", action) == why


@given(several, places)
def test_the_matrix_is_the_table(given_roles: list[Assignment], place: str) -> None:
    (row,) = matrix.rows([("Bob", given_roles)], place)
    assert tuple(cell.action for cell in row.cells) == matrix.actions_in(place)
    for cell in row.cells:
        assert cell.allowed == can(row.standing.role, cell.action) == row.standing.may(cell.action)
        assert cell.why.startswith("Bob may not " if not cell.allowed else "Bob may ")


def test_a_role_in_an_environment_gives_nothing_in_the_project() -> None:
    widened = [VIEWER, Assignment(Role.OWNER, environment="dev")]
    assert not any(standing(widened, "dev").may(action) for action in EVERYWHERE)
    assert not any(standing(widened).may(action) for action in EVERYWHERE)
    assert set(matrix.actions_in("dev")) == set(Action) - EVERYWHERE


def test_the_table_has_every_role_and_action() -> None:
    assert [action for action, _ in matrix.table()] == list(Action)
    for action, allowed in matrix.table():
        assert dict(zip(matrix.roles(), allowed, strict=True)) == {role: action in TABLE[role] for role in Role}
