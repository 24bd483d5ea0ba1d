"""Members and projects come by the page, and by name."""

from __future__ import annotations

import pytest
from django.urls import reverse

from deployments.views import overview
from projects.models import Membership, Project, User
from projects.people.api_tokens import make_service_account
from projects.roles import Role
from projects.views import members
from tests.web.conftest import Visit

pytestmark = pytest.mark.django_db


def test_members_come_by_the_page(project: Project, alice: User, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    url, browser = reverse("members", args=[project.slug]), visit(alice)
    whole = browser.get(url).content.decode()
    assert "More members" not in whole and 'type="search"' not in whole
    monkeypatch.setattr(members, "PER_PAGE", 3)
    first = browser.get(url)
    assert [each.user.username for each in first.context["members"]] == ["ada", "alice", "bob"]
    assert b'href="?after=bob"' in first.content and b'type="search"' in first.content
    rest = browser.get(url, {"after": "bob"})
    assert [each.user.username for each in rest.context["members"]] == ["vera"]
    assert b"More members" not in rest.content
    assert b"Nobody here" in browser.get(url, {"after": "vera~"}).content


def test_members_are_found_by_name(project: Project, alice: User, vera: User, visit: Visit) -> None:
    make_service_account(project=project, name="vera", role=Role.DEPLOYER, by=alice)
    User.objects.filter(pk=vera.pk).update(first_name="Věra", last_name="Ada-Nováková")
    url, browser = reverse("members", args=[project.slug]), visit(alice)

    def found(text: str) -> list[str]:
        return [each.user.username for each in browser.get(url, {"text": text}).context["members"]]

    assert found("ada") == ["ada", "vera"]
    assert found("ada vera") == ["vera"]
    assert found("<script>") == []


def test_projects_come_by_the_page_and_by_name(
    project: Project, alice: User, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        Membership.objects.create(
            project=Project.objects.create(slug=f"p{number}", description=f"Number {number}"), user=alice, role="viewer"
        )
    monkeypatch.setattr(overview, "PER_PAGE", 3)
    url, browser = reverse("projects"), visit(alice)

    def found(**query: str) -> list[str]:
        return [each.slug for each in browser.get(url, query).context["projects"]]

    assert (found(), found(after="p2")) == (["p0", "p1", "p2"], ["p3", "support-desk"])
    assert found(text="number 3") == ["p3"]
    assert b"?text=p&amp;after=p2" in browser.get(url, {"text": "p"}).content
    assert b"No project of yours fits" in browser.get(url, {"text": "absent"}).content
