"""What a promotion would bring, on its page: release, overrides, what is new, what is asked for; then its plan."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from deployments.engine.plan import PlanKind
from deployments.holding.models import Hold
from deployments.models import Deployment, StateEntry, Status
from deployments.overrides import differences
from deployments.promoting.seeing import NotForIt, seen_by
from deployments.secret_values import TYPE, Secret
from history.models import Record
from projects import paths
from projects.bundles import read_folder
from projects.editing import add_source
from projects.models import Configuration, Environment, Project, SourceBundle, User
from projects.people.models import EnvironmentRole
from projects.protection.model import Freeze, Once
from tests.conftest import SAMPLE, protect
from tests.web.bringing import Bring, bringer
from tests.web.conftest import Visit

pytestmark = pytest.mark.django_db
TEXT = (SAMPLE / "strands.yaml").read_text()


@pytest.fixture
def bring(dev: Environment, configuration: Configuration, source: SourceBundle, bob: User) -> Bring:
    """The next deployment to dev, of that revision."""
    return bringer(dev, configuration, source, bob)


def address(deployment: Deployment, to: str = "") -> str:
    """Of the page."""
    url = reverse("deployment-promote", args=[deployment.environment.project.slug, deployment.public_id])
    return f"{url}?environment={to}" if to else url


def text_of(page: str) -> str:
    """Without tags, blanks once."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def rows(before: tuple[str, str], after: tuple[str, str]) -> dict[str, tuple[str, str, str, str]]:
    """What differs between environments as texts see them, by path."""
    found = differences(seen_by(*before, 1).effective, seen_by(*after, 1).effective)
    return {row.edit.path: (row.edit.before, row.edit.after, row.before_from, row.after_from) for row in found}


def test_overrides_are_told_with_whose_they_are() -> None:
    told = rows(("dev", TEXT), ("prod", TEXT))
    assert told["agents.customer-support.memory"] == ("512", "1024", "", "prod")
    assert told["shared.monitoring.log_retention_days"] == ("30", "365", "", "prod")
    assert told["project.tags.criticality"] == ("", "high", "", "prod")
    assert rows(("prod", TEXT), ("dev", TEXT))["agents.customer-support.memory"] == ("1024", "512", "prod", "")
    assert rows(("dev", TEXT), ("staging", TEXT)) == {}
    assert not any(path.startswith("environments") for path in told), "where they are is no difference of what they are"


def test_what_an_override_keeps_as_it_was_is_no_difference() -> None:
    same = TEXT.replace("customer-support: {memory: 1024}", "customer-support: {memory: 512}")
    assert "agents.customer-support.memory" not in rows(("dev", same), ("prod", same))


@pytest.mark.parametrize(("text", "why"), [("agents: [", "cannot be read any more"), (TEXT, "has no qa under")])
def test_a_revision_that_does_not_fit_says_so(text: str, why: str) -> None:
    with pytest.raises(NotForIt, match=why):
        seen_by("qa", text, 4)


def test_the_page_shows_release_way_overrides_and_what_is_asked_for(
    bring: Bring, prod: Environment, bob: User, visit: Visit
) -> None:
    bring(1, environment=prod)
    found = bring(3)
    page = text_of(visit(bob).get(address(found, "prod")).content.decode())
    assert f"revision 3 · source {found.source.digest[:6]}" in page  # type: ignore[union-attr]
    assert "2 revisions behind this" in page
    assert "agents.customer-support.memory 512 → 1024 override of prod" in page
    assert "revision 3 The sample bob" in page and "revision 2 The sample bob" in page
    assert "1 more approval by whoever may approve is missing" in page
    assert "prod has no crm-token yet" in page
    assert "This goes back" not in page


def test_going_back_is_warned_of_and_a_rollback_named(
    bring: Bring, prod: Environment, source: SourceBundle, bob: User, visit: Visit
) -> None:
    bring(3, environment=prod)
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    Record.objects.create(
        project=prod.project, environment=prod, project_slug="x", environment_name="prod", deployment_id="old",
        sequence=1, kind="deploy", status="succeeded", started_at=moment, ended_at=moment, duration_seconds=1,
        deployed_by="x", method="web", version="1", configuration_number=1, source_digest=source.digest,
        created=0, updated=0, deleted=0, replaced=0, resource_count=0, prefix="x/", manifest_digest="0",
    )  # fmt: skip
    page = visit(bob).get(address(bring(1), "prod")).content.decode()
    assert "This goes back" in page and "2 revisions ahead of this" in page
    assert reverse("rollback", args=[prod.project.slug, "old"]) in page
    assert text_of(page).count("goes The sample") == 2, "the revisions that would be gone again"


def test_what_changes_in_the_sources_is_counted(
    bring: Bring, prod: Environment, project: Project, bob: User, visit: Visit, tmp_path: Path
) -> None:
    bring(1, environment=prod)
    (tmp_path / "main.py").write_text("newer = True\n")
    newer = add_source(project=project, bundle=read_folder(tmp_path), origin="main at 9f00", author=bob)
    page = text_of(visit(bob).get(address(bring(1, source=newer), "prod")).content.decode())
    assert "older sources than this" in page
    assert re.search(r"main at 9f00; files: 1 added, 0 changed, \d+ removed", page)


def test_what_a_revision_changes_for_the_target_leaves_other_environments_out(
    bring: Bring, prod: Environment, bob: User, visit: Visit
) -> None:
    bring(1, environment=prod)
    found = bring(2)
    text = TEXT.replace("memory: 256", "memory: 300").replace("dev: {account", "dev: {tags: {a: b}, account")
    Configuration.objects.filter(pk=found.configuration_id).update(text=text)
    page = text_of(visit(bob).get(address(found, "prod")).content.decode()).partition("What is new in prod")[2]
    assert "agents.reporter.memory 256 → 300" in page
    assert "project.tags.a" not in page


def test_freezes_holds_and_what_is_under_way_are_named(
    bring: Bring, prod: Environment, bob: User, ada: User, visit: Visit
) -> None:
    now = timezone.now().replace(tzinfo=None)
    once = Once(now - timedelta(days=2), now + timedelta(days=2))
    protect(prod, freezes=(Freeze("audit", "UTC", once),), branches=("release/*",))
    found = bring(1)
    bring(2, Status.WAITING, environment=prod, message="Another one")
    said = {"placed_by_text": "ada", "placed_at": timezone.now(), "project": prod.project}
    release = {"configuration_digest": found.configuration.digest, "source_digest": found.source.digest}  # type: ignore[union-attr]
    Hold.objects.create(environment=prod, reason="Moving house", **said)
    Hold.objects.create(environment=found.environment, reason="Leaks", configuration_number=1, **release, **said)
    Hold.objects.create(environment=found.environment, reason="Elsewhere", **said)
    page = text_of(visit(bob).get(address(found, "prod")).content.decode())
    assert "Nothing starts here during audit" in page
    assert "Only sources of the branch release/* may be deployed here" in page
    assert "prod is on hold: Moving house (ada)." in page
    assert "Revision 1 · source " in page and "is quarantined in dev: Leaks (ada)." in page
    assert "Elsewhere" not in page
    assert "Another one is under way there" in page


def test_secrets_without_a_value_come_later_as_a_fragment(
    bring: Bring, prod: Environment, bob: User, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("crm-token", "other"):
        body = {"type": TYPE, "properties": {"Name": f"support-desk/prod/{name}"}, "attributes": {}}
        StateEntry.objects.create(
            environment=prod, logical_id=name.title(), stack="x", type=TYPE, physical_id=name, body=body
        )
    known = [Secret("Crm-Token", "crm-token"), Secret("Other", "other")]
    monkeypatch.setattr("deployments.secret_values.secrets_of", lambda environment: known)
    found = bring(1)
    page = text_of(visit(bob).get(address(found, "prod")).content.decode())
    assert "crm-token: the page of secrets says whether they have values" in page
    headers = {"HX-Request": "true", "HX-Target": "secrets"}
    part = visit(bob).get(address(found, "prod"), headers=headers).content.decode()
    assert part.lstrip().startswith('<div id="secrets">')
    assert "crm-token has no value in prod yet" in text_of(part) and "other" not in part
    known[0] = Secret("Crm-Token", "crm-token", has_value=True)
    part = visit(bob).get(address(found, "prod"), headers=headers).content.decode()
    assert "All that are deployed have a value" in part


def test_without_a_target_it_is_what_comes_next_on_the_path_and_may_be_proposed(
    bring: Bring, project: Project, dev: Environment, prod: Environment, alice: User, bob: User, visit: Visit
) -> None:
    qa = Environment.objects.create(project=project, name="qa", account=dev.account, region=dev.region, position=9)
    found = bring(1)
    chosen = re.compile(r"<option selected>([^<]+)<")
    assert chosen.findall(visit(bob).get(address(found)).content.decode()) == ["prod"]
    paths.change(project=project, names=["dev", "qa", "prod"], base=0, actor=alice)
    assert chosen.findall(visit(bob).get(address(found)).content.decode()) == ["qa"]
    EnvironmentRole.objects.create(membership=project.memberships.get(user=bob), environment=qa, role="viewer")
    page = visit(bob).get(address(found)).content.decode()
    assert chosen.findall(page) == ["prod"] and "<option>qa</option>" not in page
    assert visit(bob).get(address(found, "qa")).status_code == 403
    assert visit(bob).post(address(found), {"environment": "qa"}).status_code == 403


def test_nowhere_to_go(bring: Bring, bob: User, vera: User, visit: Visit) -> None:
    found = bring(1)
    assert "Nowhere to go" in visit(bob).get(address(found)).content.decode()
    assert visit(vera).get(address(found)).status_code == 403


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"status": Status.FAILED}, "Only a deployment that succeeded"),
        ({"targets": ["jobs"]}, "limited to parts"),
        ({"kind": PlanKind.DESTROY}, "Only a deployment that succeeded"),
    ],
)
def test_what_cannot_be_promoted_says_why(
    bring: Bring, prod: Environment, bob: User, visit: Visit, fields: dict[str, Any], why: str
) -> None:
    found = bring(1, **fields)
    assert why in visit(bob).get(address(found, "prod")).content.decode()
    answer = visit(bob).post(address(found), {"environment": "prod"})
    assert (answer.status_code, why in answer.content.decode()) == (422, True)
    assert not Deployment.objects.filter(environment=prod).exists()


def test_its_plan_is_asked_for_with_a_reason(bring: Bring, prod: Environment, bob: User, visit: Visit) -> None:
    found = bring(2, Status.UNCHANGED)
    answer = visit(bob).post(address(found), {"environment": "prod", "message": "For <b>Monday</b>"})
    made = Deployment.objects.latest("pk")
    assert answer["Location"] == reverse("deployment", args=[prod.project.slug, made.public_id])
    assert (made.environment, made.promoted_from, made.configuration, made.source, made.message) == (
        prod, "dev", found.configuration, found.source, "For <b>Monday</b>",
    )  # fmt: skip


def test_of_an_environment_it_is_what_is_there_now(
    bring: Bring, dev: Environment, prod: Environment, bob: User, visit: Visit
) -> None:
    bring(1)
    newest = bring(2)
    bring(3, Status.FAILED)
    url = reverse("environment-promote", args=[dev.project.slug, dev.name])
    assert visit(bob).get(url)["Location"] == address(newest)
    empty = visit(bob).get(reverse("environment-promote", args=[dev.project.slug, prod.name]), follow=True)
    assert "There is no release in prod to promote" in empty.content.decode()


def test_htmx_gets_the_preview_alone(bring: Bring, prod: Environment, bob: User, visit: Visit) -> None:
    answer = visit(bob).get(address(bring(1), "prod"), headers={"HX-Request": "true"})
    assert answer.content.decode().lstrip().startswith('<div id="preview"')


def test_names_people_chose_stay_text(bring: Bring, prod: Environment, bob: User, visit: Visit) -> None:
    found = bring(2)
    evil = '<script>alert("1")</script>'
    Configuration.objects.filter(pk=found.configuration_id).update(message=evil, author_text=evil)
    SourceBundle.objects.filter(pk=found.source_id).update(origin=evil, branches=[evil])
    Deployment.objects.filter(pk=found.pk).update(run_by_text=evil)
    page = visit(bob).get(address(found, "prod")).content.decode()
    assert evil not in page and page.count("&lt;script&gt;") >= 4
