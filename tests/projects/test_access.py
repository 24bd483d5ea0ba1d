"""Who has which role where: the pure rule, the rows, and the query for lists say the same."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from hypothesis import given, settings
from hypothesis import strategies as st

from projects.access import Outsider, access_to, environments_where, people_of, role_in
from projects.models import Environment, Membership, Project, User
from projects.people.api_tokens import make_service_account
from projects.people.models import EnvironmentRole, Group, GroupMember, GroupRole
from projects.roles import EVERYWHERE, STRENGTH, TABLE, Action, Assignment, Role, Scope, can, standing

pytestmark = pytest.mark.django_db
roles = st.sampled_from(STRENGTH)
maybe = st.none() | roles


def give(environment: Environment, user: User, role: Role, group: Group | None = None) -> None:
    """A role there, by hand or by the group, in which the person is from then on."""
    membership = Membership.objects.get(project=environment.project, user=user)
    if group is None:
        EnvironmentRole.objects.create(membership=membership, environment=environment, role=role)
        return
    GroupMember.objects.get_or_create(group=group, membership=membership)
    GroupRole.objects.create(group=group, environment=environment, role=role)


def test_the_table_grows_with_the_role() -> None:
    """What the query for lists takes for granted: the strongest of several roles allows all that any of them does."""
    for weaker, stronger in pairwise(STRENGTH):
        assert TABLE[weaker] <= TABLE[stronger]


@given(project_role=maybe, by_hand=maybe, by_groups=st.lists(maybe, max_size=3), elsewhere=maybe)
@settings(max_examples=40)
def test_rows_query_and_rule_agree(
    project_role: Role | None, by_hand: Role | None, by_groups: list[Role | None], elsewhere: Role | None
) -> None:
    User.objects.filter(username="pat").delete()
    Project.objects.filter(slug="agree").delete()
    pat = User.objects.create_user("pat")
    project = Project.objects.create(slug="agree")
    here, there = (
        Environment.objects.create(project=project, name=name, account="1" * 12, region="us-east-1")
        for name in ("here", "there")
    )
    assignments = []
    if project_role is not None:
        Membership.objects.create(project=project, user=pat, role=project_role)
        assignments.append(Assignment(project_role))
        if by_hand is not None:
            give(here, pat, by_hand)
            assignments.append(Assignment(by_hand, environment="here"))
        if elsewhere is not None:
            give(there, pat, elsewhere)
        for number, role in enumerate(by_groups):
            group = Group.objects.create(project=project, name=f"g{number}")
            if role is not None:
                give(here, pat, role, group)
                assignments.append(Assignment(role, group.name, "here"))
    expected = standing(assignments, "here")
    assert role_in(project.pk, pat, here) == expected.role
    assert role_in(project.pk, pat) == project_role
    found = people_of(here)
    assert [person.role for person in found] == ([expected.role] if expected.role else [])
    for action in Action:
        assert environments_where(pat, action).filter(pk=here.pk).count() == expected.may(action), action
        assert people_of(here, action) == (found if can(expected.role, action) else []), action


def test_a_role_in_an_environment_counts_there_alone(
    project: Project, dev: Environment, prod: Environment, vera: User, ada: User
) -> None:
    give(dev, vera, Role.DEPLOYER)
    give(prod, ada, Role.VIEWER)
    assert access_to(vera, project.slug, Action.RUN, "dev").role is Role.DEPLOYER
    for place in ("", "prod"):
        with pytest.raises(PermissionDenied, match="You are viewer in support-desk"):
            access_to(vera, project.slug, Action.RUN, place)
    with pytest.raises(PermissionDenied, match="You are viewer in support-desk/prod"):
        access_to(ada, project.slug, Action.APPROVE, "prod")
    assert access_to(ada, project.slug, Action.APPROVE, "dev").environment == dev
    assert set(environments_where(vera, Action.RUN)) == {dev}
    assert set(environments_where(ada, Action.APPROVE)) == {dev}


def test_what_is_of_the_whole_project_is_asked_of_the_role_in_it(
    project: Project, dev: Environment, vera: User, bob: User
) -> None:
    give(dev, vera, Role.OWNER)
    give(dev, bob, Role.VIEWER)
    for action in EVERYWHERE:
        assert not access_to(vera, project.slug, environment="dev").can(action), "an owner there owns no project"
        assert not environments_where(vera, action).exists()
    assert access_to(bob, project.slug, environment="dev").can(Action.EDIT_CONFIGURATION)
    assert not access_to(bob, project.slug, environment="dev").can(Action.PROPOSE)
    with pytest.raises(PermissionDenied, match="To manage members you need to be owner"):
        access_to(vera, project.slug, Action.MANAGE_MEMBERS, "dev")


def test_outsiders_tokens_and_places_that_are_not_there(
    project: Project, dev: Environment, prod: Environment, mallory: User, bob: User
) -> None:
    with pytest.raises(Outsider):
        access_to(mallory, project.slug, environment="dev")
    assert role_in(project.pk, mallory, dev) is None and not environments_where(mallory, Action.VIEW).exists()
    with pytest.raises(Http404, match="No such environment"):
        access_to(bob, project.slug, environment="nowhere")
    bob.scope = Scope(frozenset({Action.PROPOSE}), project.slug, "dev")
    assert access_to(bob, project.slug, Action.PROPOSE, "dev").role is Role.DEPLOYER
    with pytest.raises(Outsider, match="No such environment"):
        access_to(bob, project.slug, environment="prod")
    give(dev, bob, Role.OWNER)
    with pytest.raises(PermissionDenied, match="a person has to"):
        access_to(bob, project.slug, Action.APPROVE, "dev")


def test_people_are_active_and_no_programs_and_cost_no_more_queries_when_many(
    project: Project, prod: Environment, alice: User, bob: User, vera: User, django_assert_num_queries: Any
) -> None:
    make_service_account(project=project, name="pipeline", role=Role.DEPLOYER, by=alice)
    sre, ops = (Group.objects.create(project=project, name=name) for name in ("sre", "ops"))
    give(prod, vera, Role.APPROVER, sre)
    GroupMember.objects.create(group=ops, membership=Membership.objects.get(project=project, user=vera))
    User.objects.filter(pk=bob.pk).update(is_active=False)
    for number in range(40):
        Membership.objects.create(project=project, user=User.objects.create(username=f"p{number:02}"), role="viewer")
    with django_assert_num_queries(3):
        people = people_of(prod)
    assert [person.username for person in people[:2]] == ["ada", "alice"] and len(people) == 43
    found = next(person for person in people if person.id == vera.pk)
    assert (found.role, found.groups, found.name) == (Role.APPROVER, frozenset({"sre", "ops"}), "vera")


def test_asking_costs_few_queries(
    project: Project, prod: Environment, ada: User, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        access_to(ada, project.slug)
    with django_assert_num_queries(4):
        access_to(ada, project.slug, environment="prod")
