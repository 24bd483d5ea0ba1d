"""What a release is called, which is older, and which one is where."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.engine.plan import PlanKind
from deployments.models import Deployment, Status
from deployments.releases import Move, Release, current, currents, move, release_of
from projects.bundles import read_folder
from projects.editing import add_source
from projects.models import Configuration, Environment, Project, SourceBundle, User
from tests.web.bringing import Bring, bringer
from tests.web.conftest import START

RELEASES = st.tuples(st.integers(1, 5), st.integers(0, 3))


def deployment_of(release: tuple[int, int]) -> Deployment:
    """Not saved; its source is numbered."""
    number, source = release
    return Deployment(configuration=Configuration(number=number), source_id=source or None)


@pytest.mark.parametrize(
    ("release", "name"),
    [(Release(12, "3fa9c1" + "0" * 58), "revision 12 · source 3fa9c1"), (Release(3), "revision 3")],
)
def test_a_release_has_a_name(release: Release, name: str) -> None:
    assert str(release) == name


@pytest.mark.parametrize(
    ("step", "words", "goes_back"),
    [
        (Move(0, 0), "", False),
        (Move(1, 0), "1 revision behind qa", False),
        (Move(3, 1), "3 revisions behind qa, with older sources", False),
        (Move(0, 1), "older sources than qa", False),
        (Move(0, -1), "newer sources than qa", True),
        (Move(-2, 0), "2 revisions ahead of qa", True),
        (Move(2, -1), "2 revisions behind qa, with newer sources", True),
    ],
)
def test_the_way_from_one_to_another_in_words(step: Move, words: str, goes_back: bool) -> None:
    assert (step.words("qa"), step.goes_back) == (words, goes_back)


@given(RELEASES, RELEASES, RELEASES)
def test_moves_add_up_turn_round_and_only_equal_releases_are_at_no_distance(
    a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]
) -> None:
    ab, ba, bc, ac = (move(deployment_of(x), deployment_of(y)) for x, y in ((a, b), (b, a), (b, c), (a, c)))
    assert (ba.revisions, ba.sources) == (-ab.revisions, -ab.sources)
    assert ab.is_none == (a == b) == (not ab.words("qa"))
    assert ab.revisions + bc.revisions == ac.revisions
    if not ab.goes_back and not bc.goes_back:
        assert not ac.goes_back, "two steps forward are one"
    assert a == b or ab.goes_back or ba.goes_back, "one of two ways between different releases goes back"


@pytest.fixture
def made(dev: Environment, configuration: Configuration, source: SourceBundle, bob: User) -> Bring:
    """The next deployment to dev, of that revision."""
    return bringer(dev, configuration, source, bob)


def test_what_succeeded_last_is_there(made: Bring, dev: Environment, source: SourceBundle) -> None:
    assert current(dev).release is None
    made(1)
    newest = made(2)
    made(3, Status.WAITING)
    assert current(dev).brought_by == newest
    assert current(dev).release == release_of(newest) == Release(2, source.digest)
    assert current(dev).since_then is None


def test_a_plan_that_finds_nothing_to_do_says_that_its_release_is_there(made: Bring, dev: Environment) -> None:
    made(1)
    unchanged = made(2, Status.UNCHANGED)
    assert current(dev).brought_by == unchanged


def test_unless_something_ran_after_it_was_made(made: Bring, dev: Environment) -> None:
    late = made(1, Status.READY)
    made(2, Status.UNCHANGED)
    Deployment.objects.filter(pk=late.pk).update(status=Status.SUCCEEDED, ended_at=START + timedelta(hours=1))
    assert current(dev).brought_by == late


@pytest.mark.parametrize(
    "fields", [{"status": Status.FAILED}, {"targets": ["jobs"]}, {"kind": PlanKind.DESTROY, "targets": ["jobs"]}]
)
def test_what_brings_no_release_is_named_beside_it(made: Bring, dev: Environment, fields: dict[str, Any]) -> None:
    whole = made(1)
    disturbing = made(2, **fields)
    assert (current(dev).brought_by, current(dev).since_then) == (whole, disturbing)
    again = made(2)
    assert (current(dev).brought_by, current(dev).since_then) == (again, None)


def test_after_a_failure_what_a_plan_found_to_be_there_stays(made: Bring, dev: Environment) -> None:
    made(1)
    unchanged = made(2, Status.UNCHANGED)
    failed = made(3, Status.FAILED)
    assert (current(dev).brought_by, current(dev).since_then) == (unchanged, failed)


def test_a_rollback_brings_the_release_it_goes_back_to(made: Bring, dev: Environment) -> None:
    made(1)
    made(2)
    made(1, kind=PlanKind.ROLLBACK)
    assert current(dev).release == Release(1, current(dev).brought_by.source.digest)  # type: ignore[union-attr]


def test_nothing_is_left_after_a_destroy(made: Bring, dev: Environment) -> None:
    made(1)
    made(2, kind=PlanKind.DESTROY)
    assert current(dev).brought_by is None


def test_an_import_brings_no_release(made: Bring, dev: Environment) -> None:
    imported = made(1, kind=PlanKind.IMPORT)
    assert (current(dev).brought_by, current(dev).since_then) == (None, imported)


def test_sources_are_older_by_when_they_came(
    made: Bring, project: Project, dev: Environment, source: SourceBundle, bob: User, tmp_path: Any
) -> None:
    (tmp_path / "main.py").write_text("newer = True\n")
    newer = add_source(project=project, bundle=read_folder(tmp_path), origin="later", author=bob)
    assert move(made(1), made(1, source=newer)) == Move(0, 1)


def test_many_environments_are_asked_for_at_once(
    made: Bring, project: Project, dev: Environment, prod: Environment, django_assert_num_queries: Any
) -> None:
    here, there = made(1), made(2, environment=prod)
    empty = Environment.objects.create(project=project, name="qa", account=dev.account, region=dev.region)
    with django_assert_num_queries(2):
        found = currents([dev, prod, empty])
    assert {place: each.brought_by for place, each in found.items()} == {dev.pk: here, prod.pk: there, empty.pk: None}
