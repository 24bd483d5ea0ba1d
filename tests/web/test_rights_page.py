"""The page that says who may do what, and why."""

from __future__ import annotations

import pytest
from django.urls import reverse

from projects.models import Environment, Membership, Project, User
from projects.people.api_tokens import make_service_account
from projects.people.models import EnvironmentRole, GivenRole, Group, GroupMember, GroupRole
from projects.roles import TABLE, Action, Role
from projects.views import rights
from tests.web.conftest import Visit

pytestmark = pytest.mark.django_db


def test_everybody_sees_who_may_do_what_and_why(project: Project, prod: Environment, vera: User, visit: Visit) -> None:
    answer = visit(vera).get(reverse("rights", args=[project.slug]), {"environment": "prod"})
    text = answer.content.decode()
    assert reverse("rights-of", args=[project.slug, "bob"]) in text
    assert "manage members" not in text.partition("</table>")[0]
    for person, row in answer.context["people"]:
        role = Role(Membership.objects.get(project=project, user=person).role)
        assert all(cell.allowed == (cell.action in TABLE[role]) for cell in row.cells)
    assert text.count('<th scope="row">') == 4 + len(Action)


def test_a_persons_page_tells_every_place(
    project: Project, dev: Environment, prod: Environment, bob: User, vera: User, visit: Visit
) -> None:
    membership = Membership.objects.get(project=project, user=bob)
    group = Group.objects.create(project=project, name="<b>sre</b>")
    GroupMember.objects.create(group=group, membership=membership)
    GroupRole.objects.create(group=group, environment=prod, role=Role.APPROVER)
    EnvironmentRole.objects.create(membership=membership, environment=dev, role=Role.VIEWER)
    text = visit(vera).get(reverse("rights-of", args=[project.slug, "bob"])).content.decode()
    assert "bob may run approved plans: deployer in the project, given by hand." in text
    assert "bob may not run approved plans in dev: that takes a role of deployer; viewer in dev, given by hand" in text
    assert (
        "bob may approve or reject plans in prod: approver in prod, as a member of &lt;b&gt;sre&lt;/b&gt;"
        " (which outweighs deployer in the project, given by hand)." in text
    )
    assert "<b>sre</b>" not in text
    assert visit(vera).get(reverse("rights-of", args=[project.slug, "mallory"])).status_code == 404


def test_the_matrix_shows_the_role_in_that_place(
    project: Project, dev: Environment, prod: Environment, bob: User, vera: User, visit: Visit
) -> None:
    membership = Membership.objects.get(project=project, user=bob)
    EnvironmentRole.objects.create(membership=membership, environment=dev, role=Role.OWNER)
    for place, expected in (("", "deployer"), ("dev", "owner"), ("prod", "deployer")):
        answer = visit(vera).get(reverse("rights", args=[project.slug]), {"environment": place})
        [row] = [row for person, row in answer.context["people"] if person == bob]
        assert row.standing.role == expected


def test_a_role_that_came_with_a_group_says_so_inert(project: Project, bob: User, vera: User, visit: Visit) -> None:
    membership = Membership.objects.get(project=project, user=bob)
    group = Group.objects.create(project=project, name="<b>sre</b>", provider="okta", claim="sre")
    GivenRole.objects.create(membership=membership, group=group)
    text = visit(vera).get(reverse("rights", args=[project.slug])).content.decode()
    assert "deployer in the project, as a member of &lt;b&gt;sre&lt;/b&gt;" in text


def test_people_come_by_the_page(project: Project, vera: User, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rights, "PER_PAGE", 3)
    address = reverse("rights", args=[project.slug])
    first = visit(vera).get(address)
    assert [person.username for person, _ in first.context["people"]] == ["ada", "alice", "bob"]
    assert b"after=bob" in first.content
    rest = visit(vera).get(address, {"after": "bob"})
    assert [person.username for person, _ in rest.context["people"]] == ["vera"]
    assert b"More people" not in rest.content
    assert b"Nobody comes after that" in visit(vera).get(address, {"after": "vera"}).content


def test_service_accounts_are_not_people(project: Project, alice: User, visit: Visit) -> None:
    account = make_service_account(project=project, name="pipeline", role=Role.DEPLOYER, by=alice)
    address = reverse("rights", args=[project.slug])
    people = [person.username for person, _ in visit(alice).get(address).context["people"]]
    assert people == ["ada", "alice", "bob", "vera"]
    assert visit(alice).get(reverse("rights-of", args=[project.slug, account.user.username])).status_code == 404


def test_an_environment_that_is_not_there_is_not_found(project: Project, vera: User, visit: Visit) -> None:
    assert visit(vera).get(reverse("rights", args=[project.slug]), {"environment": "nowhere"}).status_code == 404


def test_more_people_cost_no_more_queries(
    project: Project, vera: User, visit: Visit, django_assert_max_num_queries: object
) -> None:
    for number in range(30):
        Membership.objects.create(project=project, user=User.objects.create(username=f"p{number}"), role="viewer")
    browser = visit(vera)
    with django_assert_max_num_queries(14):  # type: ignore[operator]
        assert len(browser.get(reverse("rights", args=[project.slug])).context["people"]) == 34
