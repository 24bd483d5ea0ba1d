"""The permission ladder of every address: nobody, outsider, too small a role, enough; and the wrong method."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from projects.models import Project, User
from projects.roles import TABLE, Role
from tests.people import addresses
from tests.web.conftest import Visit
from tests.web.ladder import ADMINISTRATIVE, OPEN, PERSONAL, RUNGS, Rung

pytestmark = pytest.mark.django_db


def test_every_address_is_on_the_ladder() -> None:
    def names(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from names(pattern.url_patterns)
            else:
                assert pattern.name, f"{pattern.pattern} has no name"
                yield pattern.name

    assert set(names(get_resolver().url_patterns)) == {
        *(rung.name for rung in RUNGS), *OPEN, *PERSONAL, *ADMINISTRATIVE,
        *addresses.OPEN, *addresses.PERSONAL, *addresses.API,
    }  # fmt: skip


@pytest.mark.parametrize("rung", RUNGS, ids=str)
def test_nobody_is_sent_to_sign_in(rung: Rung, address: Callable[[Rung], str], visit: Visit) -> None:
    answer = visit(None).generic(rung.method, address(rung))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("sign-in"))


@pytest.mark.parametrize("rung", RUNGS, ids=str)
def test_an_outsider_finds_nothing(rung: Rung, address: Callable[[Rung], str], visit: Visit, mallory: User) -> None:
    for headers in ({}, {"HX-Request": "true"}):
        answer = visit(mallory).generic(rung.method, address(rung), headers=headers)
        assert answer.status_code == 404
        assert b"support-desk" not in answer.content


@pytest.mark.parametrize("rung", RUNGS, ids=str)
def test_every_role_may_what_the_table_says(
    rung: Rung, address: Callable[[Rung], str], visit: Visit, vera: User, bob: User, ada: User, alice: User
) -> None:
    url = address(rung)
    people = {Role.VIEWER: vera, Role.DEPLOYER: bob, Role.APPROVER: ada, Role.OWNER: alice}
    for role, person in people.items():
        client = visit(person)
        answer = client.post(url, rung.data) if rung.method == "POST" else client.get(url)
        expected = rung.answers if rung.action in TABLE[role] else (403,)
        assert answer.status_code in expected, (role, answer.status_code)
        if answer.status_code == 403:
            assert f"You are {role.value}" in answer.content.decode()


@pytest.mark.parametrize("rung", RUNGS, ids=str)
def test_the_wrong_method_is_refused(rung: Rung, address: Callable[[Rung], str], visit: Visit, alice: User) -> None:
    both = {other.method for other in RUNGS if other.name == rung.name}
    for method in {"GET", "POST", "PUT", "DELETE"} - both:
        assert visit(alice).generic(method, address(rung)).status_code == 405


@pytest.mark.parametrize("name", sorted(PERSONAL))
def test_personal_pages_ask_for_a_person(name: str, db: None, visit: Visit) -> None:
    assert visit(None).get(reverse(name, args=PERSONAL[name]))["Location"].startswith(reverse("sign-in"))


@pytest.mark.parametrize("name", sorted(ADMINISTRATIVE))
def test_administrators_alone_find_what_belongs_to_no_project(name: str, alice: User, visit: Visit) -> None:
    method, arguments = ADMINISTRATIVE[name]
    url = reverse(name, args=arguments)
    assert visit(None).generic(method, url).status_code == 302
    assert visit(alice).generic(method, url).status_code == 404
    alice.is_superuser = True
    alice.save()
    assert visit(alice).generic(method, url).status_code in (200, 302, 422)


def test_a_list_shows_nobody_elses_projects(project: Project, visit: Visit, mallory: User, vera: User) -> None:
    assert b"support-desk" not in visit(mallory).get(reverse("projects")).content
    assert b"support-desk" in visit(vera).get(reverse("projects")).content
