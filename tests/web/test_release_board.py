"""The board of releases: which one is where, since when, and what else one should know before it goes on."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from deployments.engine.plan import PlanKind
from deployments.holding.models import Hold
from deployments.models import Deployment, DriftCheck, Status
from deployments.promoting.board import Board, _parsed, board
from projects import paths
from projects.access import access_to
from projects.models import Configuration, Environment, Project, SourceBundle, User
from projects.people.models import EnvironmentRole
from projects.protection.model import Freeze, Once
from tests.conftest import protect
from tests.web.bringing import Bring, bringer
from tests.web.conftest import START, Visit

NOW = START + timedelta(days=1)


@pytest.fixture
def bring(dev: Environment, configuration: Configuration, source: SourceBundle, bob: User) -> Bring:
    """The next deployment to dev, of that revision."""
    return bringer(dev, configuration, source, bob)


@pytest.fixture
def staging(project: Project, dev: Environment, prod: Environment, alice: User) -> Environment:
    """Between the two others on the path."""
    made = Environment.objects.create(project=project, name="staging", account=dev.account, region=dev.region)
    paths.change(project=project, names=["dev", "staging", "prod"], base=0, actor=alice)
    return made


def shown(user: User, **more: Any) -> Board:
    """As that person sees it."""
    return board(access_to(user, "support-desk"), NOW, **more)


def words(found: Board) -> dict[int, list[str]]:
    """Of each release what it is in each environment, by the number of its revision."""
    return {row.release.number: [cell.word if cell else "" for cell in row.cells] for row in found.rows}


@pytest.mark.django_db
def test_rows_are_releases_and_columns_environments_on_the_path(
    bring: Bring, staging: Environment, prod: Environment, bob: User
) -> None:
    for number in (1, 2, 3):
        bring(number)
    for number in (1, 2):
        bring(number, environment=staging)
    bring(1, environment=prod)
    bring(2, Status.WAITING, environment=prod)
    bring(3, Status.FAILED, environment=staging)
    found = shown(bob)
    assert [lane.environment.name for lane in found.lanes] == ["dev", "staging", "prod"]
    assert words(found) == {
        3: ["current", "failed", ""],
        2: ["before", "current", "waiting"],
        1: ["before", "before", "current"],
    }
    assert [lane.distance for lane in found.lanes] == ["", "1 revision behind dev", "1 revision behind staging"]
    assert [(lane.promote and lane.promote.configuration.number, lane.following) for lane in found.lanes] == [
        (3, "staging"),
        (2, "prod"),
        (None, ""),
    ]
    assert found.lanes[1].current.since_then is not None, "it failed there"
    assert found.live


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"status": Status.RUNNING}, "running"),
        ({"status": Status.UNCHANGED}, "current"),
        ({"kind": PlanKind.ROLLBACK}, "current"),
        ({"status": Status.STALE}, None),
        ({"status": Status.REJECTED}, None),
        ({"targets": ["jobs"]}, None),
        ({"kind": PlanKind.DESTROY}, None),
        ({"kind": PlanKind.IMPORT}, None),
    ],
)
def test_only_what_may_bring_a_release_makes_a_row(
    bring: Bring, bob: User, fields: dict[str, Any], word: str | None
) -> None:
    bring(2, **fields)
    assert words(shown(bob)) == ({2: [word]} if word else {})


@pytest.mark.django_db
def test_a_release_that_failed_and_then_came_has_not_failed(bring: Bring, bob: User) -> None:
    bring(1, Status.FAILED)
    bring(1)
    bring(2)
    assert words(shown(bob)) == {2: ["current"], 1: ["before"]}
    failed_again = bring(1, Status.FAILED)
    cell = shown(bob).rows[1].cells[0]
    assert cell and (cell.word, cell.shown) == ("failed", failed_again)


@pytest.mark.django_db
def test_the_same_revision_with_other_sources_is_another_release(
    bring: Bring, project: Project, staging: Environment, bob: User
) -> None:
    older = bring(1)
    newer = SourceBundle.objects.create(project=project, digest="9" * 64, size_bytes=1, files=[], origin="later")
    bring(1, source=newer)
    bring(1, environment=staging)
    bring(1, source=None, environment=staging)
    found = shown(bob)
    assert [row.release.source_digest for row in found.rows] == ["9" * 64, older.source.digest, ""]  # type: ignore[union-attr]
    assert found.lanes[1].distance == "older sources than dev"


@pytest.mark.django_db
def test_what_else_one_should_know_of_an_environment(
    bring: Bring, dev: Environment, staging: Environment, prod: Environment, bob: User
) -> None:
    release = bring(1)
    said = {"project": dev.project, "placed_by_text": "ada", "placed_at": NOW}
    Hold.objects.create(environment=prod, reason="Moving", **said)
    Hold.objects.create(
        environment=None,
        reason="Leaks",
        configuration_number=1,
        configuration_digest=release.configuration.digest,
        source_digest=release.source.digest,  # type: ignore[union-attr]
        **said,
    )
    DriftCheck.objects.create(environment=dev, status="drifted")
    when = Once(datetime(2026, 11, 21, 0), datetime(2026, 11, 23, 0))  # noqa: DTZ001 - of the freeze's zone
    protect(prod, freezes=(Freeze("audit", "UTC", when),))
    here, between, there = shown(bob).lanes
    assert (here.drift and here.drift.status, here.holds, here.freezes) == ("drifted", (), ())
    assert between.distance == "nothing of dev yet"
    assert [hold.reason for hold in there.holds] == ["Moving"]
    assert [window.freeze.name for window in there.freezes] == ["audit"]
    cells = shown(bob).rows[0].cells
    assert [cell.quarantined.reason if cell and cell.quarantined else "" for cell in cells] == ["Leaks"] * 3
    assert [cell.word if cell else "" for cell in cells] == ["current", "quarantined", "quarantined"]


@pytest.mark.django_db
def test_who_may_not_propose_in_the_next_environment_is_not_asked_to(
    bring: Bring, project: Project, staging: Environment, bob: User, vera: User
) -> None:
    bring(1)
    assert [bool(lane.promote) for lane in shown(bob).lanes] == [True, False, False]
    assert not any(lane.promote for lane in shown(vera).lanes)
    EnvironmentRole.objects.create(membership=project.memberships.get(user=bob), environment=staging, role="viewer")
    EnvironmentRole.objects.create(membership=project.memberships.get(user=vera), environment=staging, role="deployer")
    assert not any(lane.promote for lane in shown(bob).lanes)
    assert [bool(lane.promote) for lane in shown(vera).lanes] == [True, False, False]


@pytest.mark.django_db
def test_what_is_there_already_is_not_offered(bring: Bring, staging: Environment, bob: User) -> None:
    bring(2)
    bring(2, Status.UNCHANGED, environment=staging)
    assert [bool(lane.promote) for lane in shown(bob).lanes] == [False, True, False]


@pytest.mark.django_db
def test_every_release_is_on_exactly_one_page_in_one_order(
    bring: Bring, project: Project, dev: Environment, bob: User
) -> None:
    others = [
        SourceBundle.objects.create(project=project, digest=str(digit) * 64, size_bytes=1, files=[], origin="x")
        for digit in (7, 8)
    ]
    for number in (2, 1, 3):
        for source in (others[1], None, others[0]):
            bring(number, source=source)
    pages, before = [], ""
    for _ in range(9):
        found = shown(bob, before=before, per_page=2)
        pages += [(row.release.number, row.release.source_digest[:1]) for row in found.rows]
        before = found.before
        if not before:
            break
    assert pages == [(number, source) for number in (3, 2, 1) for source in ("8", "7", "")]


@given(st.text(max_size=12) | st.from_regex(r"\d{1,30}-\d{1,30}", fullmatch=True))
def test_any_text_is_a_place_in_the_order_or_none(text: str) -> None:
    found = _parsed(text)
    assert found is None or f"{found[0]}-{found[1]}" == re.sub(r"(^|-)0+(?=\d)", r"\1", text)


@pytest.mark.django_db
def test_of_very_many_environments_some_are_shown_and_others_found_by_name(
    bring: Bring, project: Project, prod: Environment, dev: Environment, bob: User
) -> None:
    for number in range(30):
        Environment.objects.create(
            project=project, name=f"pr-{number}", account=dev.account, region=dev.region, position=9
        )
    bring(1)
    found = shown(bob)
    assert (len(found.lanes), found.others) == (24, 8)
    assert [lane.environment.name for lane in shown(bob, text="pr-29").lanes] == ["pr-29"]


@pytest.mark.django_db
def test_a_neighbour_on_the_path_counts_though_it_is_not_shown(bring: Bring, staging: Environment, bob: User) -> None:
    bring(2)
    bring(1, environment=staging)
    (lane,) = shown(bob, text="stag").lanes
    assert (lane.distance, lane.following) == ("1 revision behind dev", "prod")


def _page(client: Any, **query: str) -> str:
    answer: str = client.get(reverse("releases", args=["support-desk"]), query).content.decode()
    return answer


@pytest.mark.django_db
def test_the_page_links_to_what_it_shows(bring: Bring, staging: Environment, bob: User, visit: Visit) -> None:
    first = bring(1)
    page = _page(visit(bob))
    assert reverse("deployment", args=["support-desk", first.public_id]) in page
    promote = reverse("deployment-promote", args=["support-desk", first.public_id])
    assert f'href="{promote}?environment=staging"' in page
    assert "nothing of dev yet" in page and "here now" in page
    assert 'hx-trigger="every 60s"' in page
    bring(2, Status.RUNNING)
    assert 'hx-trigger="every 5s"' in _page(visit(bob))


@pytest.mark.django_db
def test_the_page_of_an_empty_project_says_what_a_release_is(project: Project, bob: User, visit: Visit) -> None:
    assert "No environments yet" in _page(visit(bob))
    Environment.objects.create(project=project, name="dev", account="1" * 12, region="us-east-1")
    assert "Nothing was deployed yet" in _page(visit(bob))
    assert "No environment fits" in _page(visit(bob), text="zzz")
    assert "No older releases" in _page(visit(bob), before="1-0")


@pytest.mark.django_db
def test_older_releases_are_on_further_pages(
    bring: Bring, bob: User, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deployments.promoting.board.board.__kwdefaults__", {"text": "", "before": "", "per_page": 2})
    for number in (1, 2, 3):
        bring(number)
    page = _page(visit(bob))
    (older,) = re.findall(r'href="\?([^"]*)">Older', page)
    assert "revision 1<" not in page
    assert "<b>revision 1</b>" in _page(visit(bob), before=older.partition("before=")[2])


@pytest.mark.django_db
def test_htmx_gets_the_board_alone(bring: Bring, bob: User, visit: Visit) -> None:
    answer = visit(bob).get(reverse("releases", args=["support-desk"]), headers={"HX-Request": "true"})
    assert answer.content.decode().lstrip().startswith('<div id="board"')


@pytest.mark.django_db
def test_names_people_chose_stay_text(bring: Bring, dev: Environment, bob: User, visit: Visit) -> None:
    found = bring(2)
    evil = '<script>alert("1")</script>'
    Configuration.objects.filter(pk=found.configuration_id).update(message=evil, author_text=evil)
    SourceBundle.objects.filter(pk=found.source_id).update(origin=evil, branches=[evil])
    Deployment.objects.filter(pk=found.pk).update(run_by_text=evil)
    Hold.objects.create(project=dev.project, environment=dev, reason=evil, placed_by_text=evil, placed_at=NOW)
    page = _page(visit(bob))
    assert evil not in page and page.count("&lt;script&gt;") >= 5
