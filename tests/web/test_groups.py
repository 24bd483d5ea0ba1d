"""Groups and roles in environments, as owners give them: pages, what follows from them, what is written down."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from projects import protecting
from projects.access import people_of, role_in
from projects.audit.models import AuditEntry
from projects.models import Environment, Membership, Project, User
from projects.people.api_tokens import make_service_account
from projects.people.models import EnvironmentRole, GivenRole, Group, GroupMember, GroupRole
from projects.protection.model import Protection, Requirement
from projects.roles import Action, Role
from projects.views import groups as pages
from tests.web.conftest import Visit

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def owner(alice: User, project: Project, visit: Visit) -> Client:
    return visit(alice)


def send(client: Client, name: str, /, *args: object, **data: str) -> Any:
    return client.post(reverse(name, args=["support-desk", *args]), data, follow=True)


def made(owner: Client, name: str = "sre") -> Group:
    send(owner, "groups", name=name)
    return Group.objects.get(name=name)


def deeds() -> list[tuple[str, str, str, dict[str, Any]]]:
    rows = AuditEntry.objects.order_by("pk").values_list("deed", "target", "environment", "detail")
    return [row for row in rows if row[0].startswith(("group.", "role.", "member."))]


def membership(project: Project, user: User) -> Membership:
    return Membership.objects.get(project=project, user=user)


def test_a_member_gets_another_role_in_one_environment(
    owner: Client, project: Project, dev: Environment, prod: Environment, vera: User
) -> None:
    key = membership(project, vera).pk
    assert b"vera is now deployer in dev." in send(owner, "member-place", key, place="dev", role="deployer").content
    assert role_in(project.pk, vera, dev) is Role.DEPLOYER
    assert role_in(project.pk, vera, prod) is Role.VIEWER
    page = send(owner, "member-place", key, place="dev", role="approver").content.decode()
    assert "approver in dev" in page
    assert (
        b"vera has no role of their own in dev any more."
        in send(owner, "member-place", key, place="dev", role="").content
    )
    send(owner, "member-place", key, place="dev", role="")
    assert role_in(project.pk, vera, dev) is Role.VIEWER
    assert deeds() == [
        ("role.given", "vera", "dev", {"before": "", "after": "deployer"}),
        ("role.given", "vera", "dev", {"before": "deployer", "after": "approver"}),
        ("role.taken", "vera", "dev", {"before": "approver", "after": ""}),
    ]


def test_nonsense_gives_nothing(owner: Client, project: Project, dev: Environment, vera: User, alice: User) -> None:
    other = Project.objects.create(slug="another")
    Environment.objects.create(project=other, name="theirs", account="1" * 12, region="us-east-1")
    account = make_service_account(project=project, name="ci", role=Role.DEPLOYER, by=alice)
    key = membership(project, vera).pk
    for place, role in (("theirs", "owner"), ("", "owner"), ("dev", "king"), ("nowhere", "")):
        assert (
            b"Choose an environment of the project" in send(owner, "member-place", key, place=place, role=role).content
        )
    stranger = Membership.objects.create(project=other, user=vera, role=Role.VIEWER)
    service = membership(project, account.user)
    for each in (stranger, service):
        assert send(owner, "member-place", each.pk, place="dev", role="owner").status_code == 404
    assert not EnvironmentRole.objects.exists()


def test_an_owner_of_an_environment_is_no_owner_of_the_project(
    owner: Client, project: Project, dev: Environment, alice: User, vera: User, visit: Visit
) -> None:
    send(owner, "member-place", membership(project, vera).pk, place="dev", role="owner")
    theirs = visit(vera)
    assert theirs.get(reverse("environment-edit", args=["support-desk", "dev"])).status_code == 200
    assert theirs.get(reverse("environment-new", args=["support-desk"])).status_code == 403
    assert send(theirs, "member-place", membership(project, vera).pk, place="dev", role="viewer").status_code == 403
    mine = membership(project, alice)
    assert b"at least one owner" in send(owner, "member-remove", mine.pk).content
    assert b"at least one owner" in send(owner, "member-role", mine.pk, role="viewer").content
    assert membership(project, alice).role == Role.OWNER


def test_a_group_gives_its_members_a_role_in_an_environment(
    owner: Client, project: Project, dev: Environment, prod: Environment, vera: User, bob: User
) -> None:
    group = made(owner)
    send(owner, "group-add", group.pk, username="vera")
    page = send(owner, "group-role", group.pk, place="prod", role="approver").content.decode()
    assert "Members of sre are approver in prod." in page
    assert role_in(project.pk, vera, prod) is Role.APPROVER and role_in(project.pk, vera, dev) is Role.VIEWER
    assert {person.username: person.groups for person in people_of(dev)}["vera"] == {"sre"}
    send(owner, "group-role", group.pk, place="prod", role="owner")
    assert role_in(project.pk, vera, prod) is Role.OWNER
    send(owner, "group-role", group.pk, place="prod", role="")
    assert role_in(project.pk, vera, prod) is Role.VIEWER
    send(owner, "group-drop", group.pk, membership(project, vera).pk)
    assert not group.members.exists()
    assert deeds() == [
        ("group.made", "sre", "", {"provider": "", "claim": ""}),
        ("group.joined", "sre", "", {"member": "vera"}),
        ("group.given", "sre", "prod", {"before": "", "after": "approver"}),
        ("group.given", "sre", "prod", {"before": "approver", "after": "owner"}),
        ("group.taken", "sre", "prod", {"before": "owner", "after": ""}),
        ("group.left", "sre", "", {"member": "vera"}),
    ]


def test_doing_it_twice_is_doing_it_once(owner: Client, project: Project, dev: Environment, vera: User) -> None:
    group = made(owner)
    for _ in range(2):
        send(owner, "group-add", group.pk, username="vera")
        send(owner, "group-role", group.pk, place="dev", role="deployer")
    for _ in range(2):
        send(owner, "group-drop", group.pk, membership(project, vera).pk)
        send(owner, "group-role", group.pk, place="dev", role="")
    assert [deed for deed, *_ in deeds()] == ["group.made", "group.joined", "group.given", "group.left", "group.taken"]


def test_who_leaves_the_project_leaves_its_groups(
    owner: Client, project: Project, dev: Environment, vera: User
) -> None:
    group = made(owner)
    send(owner, "group-add", group.pk, username="vera")
    send(owner, "group-role", group.pk, place="dev", role="owner")
    send(owner, "member-remove", membership(project, vera).pk)
    send(owner, "members", username="vera", role="viewer")
    assert role_in(project.pk, vera, dev) is Role.VIEWER, "who comes back starts anew"


def test_a_group_chosen_here_gives_no_role_in_the_project(
    owner: Client, project: Project, dev: Environment, vera: User
) -> None:
    group = made(owner)
    answer = send(owner, "group-role", group.pk, place="", role="owner")
    assert answer.status_code == 422 and "This field is required" in answer.content.decode()
    assert not GroupRole.objects.exists()
    for username in ("mallory", "nobody", ""):
        assert send(owner, "group-add", group.pk, username=username).status_code == 422
    assert not GroupMember.objects.exists()


def test_a_group_a_protection_asks_for_stays(owner: Client, alice: User, dev: Environment, prod: Environment) -> None:
    group = made(owner)
    asking = Protection(approvals=(Requirement(groups=("sre",)),))
    protecting.put_in_force(environment=prod, protection=asking, author=alice)
    page = send(owner, "group-remove", group.pk).content.decode()
    assert "The protection of prod asks for approvals of sre." in page
    protecting.put_in_force(environment=prod, protection=Protection(), author=alice)
    assert "The group sre is no more." in send(owner, "group-remove", group.pk).content.decode()
    assert not Group.objects.exists()


def test_of_two_groups_of_a_provider_the_other_holds_whom_one_brought(
    owner: Client, project: Project, vera: User, mallory: User
) -> None:
    weak, strong = (
        Group.objects.create(project=project, name=name, provider="okta", claim=name) for name in ("weak", "strong")
    )
    GroupRole.objects.create(group=weak, role=Role.VIEWER)
    GroupRole.objects.create(group=strong, role=Role.DEPLOYER)
    came = Membership.objects.create(project=project, user=mallory, role=Role.DEPLOYER)
    GivenRole.objects.create(membership=came, group=strong)
    for group in (weak, strong):
        GroupMember.objects.create(group=group, membership=came)
    send(owner, "group-remove", strong.pk)
    assert membership(project, mallory).role == Role.VIEWER
    assert "by weak" in owner.get(reverse("members", args=[project.slug])).content.decode()
    send(owner, "group-role", weak.pk, place="", role="")
    assert not Membership.objects.filter(user=mallory).exists()
    assert [deed for deed, *_ in deeds()] == ["member.changed", "group.removed", "member.removed", "group.taken"]


def test_who_is_in_a_providers_group_is_the_providers_to_say(
    owner: Client, project: Project, dev: Environment, vera: User, settings: Any
) -> None:
    group = Group.objects.create(project=project, name="ops", provider="okta", claim="0f1e")
    assert b"is what okta says" in send(owner, "group-add", group.pk, username="vera").content
    GroupMember.objects.create(group=group, membership=membership(project, vera))
    assert b"is what okta says" in send(owner, "group-drop", group.pk, membership(project, vera).pk).content
    page = owner.get(reverse("group", args=[project.slug, group.pk])).content.decode()
    assert "Whoever okta says is in 0f1e." in page and "Put in" not in page and "Take vera out" not in page
    send(owner, "group-role", group.pk, place="dev", role="deployer")
    assert role_in(project.pk, vera, dev) is Role.DEPLOYER


def test_names_are_inert_and_on_one_line(
    owner: Client, project: Project, dev: Environment, vera: User, visit: Visit
) -> None:
    User.objects.filter(pk=vera.pk).update(first_name=HOSTILE)
    group = made(owner, HOSTILE)
    send(owner, "group-add", group.pk, username="vera")
    send(owner, "group-role", group.pk, place="dev", role="deployer")
    for name, args in (
        ("groups", []), ("group", [group.pk]), ("members", []), ("rights", []), ("rights-of", ["vera"]),
    ):  # fmt: skip
        text = visit(vera).get(reverse(name, args=[project.slug, *args])).content.decode()
        assert HOSTILE not in text and "&lt;script&gt;" in text, name
    for name in ("", "  ", "a\nb", "a\u202eb", "x" * 101, HOSTILE):
        assert send(owner, "groups", name=name).status_code == 422, name
    assert Group.objects.count() == 1


def test_groups_of_another_project_are_not_there(owner: Client, project: Project, dev: Environment, vera: User) -> None:
    other = Group.objects.create(project=Project.objects.create(slug="another"), name="theirs")
    assert owner.get(reverse("group", args=[project.slug, other.pk])).status_code == 404
    for name, args in (("group-add", []), ("group-drop", [1]), ("group-role", []), ("group-remove", [])):
        assert send(owner, name, other.pk, *args, username="vera", role="owner", place="dev").status_code == 404
    assert Group.objects.filter(pk=other.pk).exists()


def test_a_viewer_looks_and_changes_nothing(
    owner: Client, project: Project, dev: Environment, vera: User, visit: Visit
) -> None:
    group = made(owner)
    for name, args in (("groups", []), ("group", [group.pk]), ("members", [])):
        text = visit(vera).get(reverse(name, args=[project.slug, *args])).content.decode()
        assert 'method="post"' not in text.partition("<main")[2]


def test_members_come_by_the_page(
    owner: Client, project: Project, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr(pages, "PER_PAGE", 2)
    group = made(owner)
    for member in Membership.objects.filter(project=project):
        GroupMember.objects.create(group=group, membership=member)
    address = reverse("group", args=[project.slug, group.pk])
    with django_assert_max_num_queries(14):
        first = owner.get(address)
    assert [each.membership.user.username for each in first.context["members"]] == ["ada", "alice"]
    assert b"after=alice" in first.content
    rest = owner.get(address, {"after": "alice"})
    assert [each.membership.user.username for each in rest.context["members"]] == ["bob", "vera"]
    assert b"More members" not in rest.content


def test_a_page_of_members_costs_no_more_queries_with_roles_in_environments(
    owner: Client, project: Project, dev: Environment, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        person = User.objects.create(username=f"p{number}")
        member = Membership.objects.create(project=project, user=person, role=Role.VIEWER)
        EnvironmentRole.objects.create(membership=member, environment=dev, role=Role.DEPLOYER)
    with django_assert_max_num_queries(14):
        text = owner.get(reverse("members", args=[project.slug])).content.decode()
    assert text.count("<summary>deployer in dev</summary>") == 20


def test_what_a_role_there_is_for(owner: Client, project: Project, dev: Environment, vera: User, visit: Visit) -> None:
    assert visit(vera).get(reverse("environment-plan", args=[project.slug, "dev"])).status_code == 403
    send(owner, "member-place", membership(project, vera).pk, place="dev", role="deployer")
    assert visit(vera).get(reverse("environment-plan", args=[project.slug, "dev"])).status_code == 200
    overview = visit(vera).get(reverse("project", args=[project.slug]))
    assert [card.may_plan for card in overview.context["cards"]] == [True]
    assert not overview.context["access"].can(Action.PROPOSE)
