"""The page of the path: owners order it by buttons that work without JavaScript, and hear of each other."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from projects import paths
from projects.models import Environment, Project, User
from tests.conftest import protect
from tests.web.conftest import Visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def address(project: Project, dev: Environment, prod: Environment) -> str:
    """Of the path, in a project of dev, qa and prod."""
    Environment.objects.create(project=project, name="qa", account=dev.account, region=dev.region, position=2)
    return reverse("path", args=[project.slug])


@pytest.fixture
def browser(alice: User, visit: Visit) -> Client:
    """An owner's."""
    return visit(alice)


def press(browser: Client, page: str, do: str) -> tuple[int, str]:
    """Sends the form of a page by one of its buttons."""
    address = re.findall(r'<form class="card path-editor"[^>]* action="([^"]*)"', page)[0]
    sent = {"do": do, "base": re.findall(r'name="base" value="(-?\d+)"', page)[0], "environment": draft(page)}
    answer = browser.post(address, sent, follow=True)
    return answer.status_code, answer.content.decode()


def draft(page: str) -> list[str]:
    """The order that the page would send."""
    return re.findall(r'name="environment" value="([^"]*)"', page)


def test_the_first_path_is_proposed_from_the_names(browser: Client, address: str, project: Project) -> None:
    page = browser.get(address).content.decode()
    assert "dev → qa → prod" in page
    status, page = press(browser, page, "usual")
    assert (status, draft(page)) == (200, ["dev", "qa", "prod"])
    assert "Not saved yet" in page
    assert paths.path_of(project).number == 0, "nothing is written before it is saved"
    status, page = press(browser, page, "save")
    assert "The path is dev → qa → prod." in page
    assert paths.path_of(project).names == ("dev", "qa", "prod")


def test_buttons_reorder_it(browser: Client, address: str, project: Project) -> None:
    page = browser.get(address).content.decode()
    for do, order in (
        ("add:prod", ["prod"]),
        ("add:dev", ["prod", "dev"]),
        ("add:qa", ["prod", "dev", "qa"]),
        ("up:dev", ["dev", "prod", "qa"]),
        ("up:dev", ["dev", "prod", "qa"]),
        ("down:prod", ["dev", "qa", "prod"]),
        ("down:prod", ["dev", "qa", "prod"]),
        ("remove:qa", ["dev", "prod"]),
        ("add:dev", ["prod", "dev"]),
        ("add:<b>", ["prod", "dev"]),
        ("nonsense", ["prod", "dev"]),
    ):
        _, page = press(browser, page, do)
        assert draft(page) == order, do
    press(browser, page, "save")
    assert paths.path_of(project).names == ("prod", "dev")


def test_a_button_that_moved_something_keeps_the_focus(browser: Client, address: str) -> None:
    _, page = press(browser, browser.get(address).content.decode(), "usual")
    _, page = press(browser, page, "up:qa")
    assert re.search(r'<button[^>]* id="down-qa"[^>]* autofocus>', page), "as the other one cannot be pressed any more"


def test_the_second_of_two_owners_sees_both_orders(browser: Client, address: str, project: Project, ada: User) -> None:
    page = browser.get(address).content.decode()
    _, page = press(browser, page, "usual")
    paths.change(project=project, names=["prod", "dev"], base=0, actor=ada)
    status, page = press(browser, page, "save")
    assert status == 409
    assert "ada changed the path while you were editing: it is prod → dev now." in page
    assert draft(page) == ["dev", "qa", "prod"]
    press(browser, page, "save")
    assert paths.path_of(project).names == ("dev", "qa", "prod"), "they said so knowing it"


def test_what_a_protection_goes_by_is_not_changed_by_one_owner(
    browser: Client, address: str, project: Project, prod: Environment, alice: User
) -> None:
    paths.change(project=project, names=["dev", "prod"], base=0, actor=alice)
    protect(prod, upstream_of_path=True)
    _, page = press(browser, browser.get(address).content.decode(), "up:prod")
    status, page = press(browser, page, "save")
    assert (status, "so two owners decide what that is" in page) == (422, True)


def test_others_read_it(address: str, project: Project, alice: User, bob: User, visit: Visit) -> None:
    paths.change(project=project, names=["dev", "prod"], base=0, actor=alice)
    page = visit(bob).get(address).content.decode()
    assert "Set by alice" in page
    assert "Save the path" not in page
    assert visit(bob).post(address, {"do": "save", "base": "1", "environment": ["prod"]}).status_code == 403


def test_htmx_gets_the_form_alone(browser: Client, address: str) -> None:
    answer = browser.post(address, {"do": "add:dev", "base": "0"}, headers={"HX-Request": "true"})
    assert answer.content.decode().lstrip().startswith('<form class="card path-editor"')
