"""The page that compares: sides, what it hides and opens, who may have what read, and what it says when it cannot."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deployments.comparing.models import LiveReading
from deployments.models import Deployment, EnvironmentState, StateEntry, Status
from deployments.recording import record_run
from history import store
from history.models import Record
from projects.audit.models import AuditEntry
from projects.models import Environment, Project, User
from tests.conftest import person
from tests.web.conftest import START, Visit, run_to_record

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
URL = reverse("compare", args=["support-desk"])


@pytest.fixture
def second(recorded: Deployment, propose: Callable[..., Deployment], dev: Environment, bob: User) -> Deployment:
    """A later deployment of dev: another topic name, and a queue that is new."""
    StateEntry.objects.filter(environment=dev).update(
        body={
            "type": "AWS::SNS::Topic",
            "physicalId": "arn:aws:sns:us-east-1:123456789012:alerts",
            "properties": {"TopicName": "alerts", "DisplayName": "<b>Alarm</b>"},
            "attributes": {},
            "dependencies": [],
        }
    )
    queue = {"type": "AWS::SQS::Queue", "physicalId": "q", "properties": {}, "attributes": {}, "dependencies": []}
    StateEntry.objects.create(
        environment=dev, logical_id="Jobs", stack="shared-infrastructure", type="AWS::SQS::Queue", physical_id="q",
        body=queue,
    )  # fmt: skip
    times = {"started_at": START + timedelta(hours=1), "ended_at": START + timedelta(hours=1, seconds=9)}
    deployment = propose(dev, Status.SUCCEEDED, run_by=bob, run_by_text="bob", **times)
    record_run(Deployment.objects.get(pk=deployment.pk))
    return deployment


def text_of(answer: Any) -> str:
    """The words of a page, without what marks them up."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_a_record_is_compared_with_the_one_before_it_also_by_an_older_link(
    recorded: Deployment, second: Deployment, vera: User, visit: Visit
) -> None:
    page = text_of(visit(vera).get(URL, {"to": second.public_id}))
    assert "AlertsTopic" in page and "DisplayName" in page
    assert "&lt;b&gt;Alarm&lt;/b&gt;" in page
    assert "all 2 created 1 updated 1" in page
    old = visit(vera).get(URL, {"from": recorded.public_id, "to": second.public_id})
    assert text_of(old) == page
    swapped = text_of(
        visit(vera).get(URL, {"from": f"record:{second.public_id}", "to": f"record:{recorded.public_id}"})
    )
    assert "all 2 updated 1 deleted 1" in swapped


def test_resources_are_filtered_and_opened_one_by_one(second: Deployment, vera: User, visit: Visit) -> None:
    asked = {"to": second.public_id, "change": "created"}
    rows = visit(vera).get(URL, asked, headers=HTMX | {"HX-Target": "resource-rows"}).content.decode()
    assert rows.count('plan-row"') == 1 and "Jobs" in rows and "<html" not in rows
    assert "No resource fits the filter" in visit(vera).get(URL, asked | {"text": "nowhere"}).content.decode()
    part = {"to": second.public_id, "part": "resource:AlertsTopic"}
    opened = visit(vera).get(URL, part, headers=HTMX).content.decode()
    assert "tree-added" in opened and "<html" not in opened
    assert 'data-copy="{\n  &quot;TopicName&quot;: &quot;alerts&quot;\n}"' in opened
    assert "tree-added" in visit(vera).get(URL, part).content.decode(), "without JavaScript the page has it"
    for nothing in ("resource:Nowhere", "file:a.py", "planet:Mars", "policies:Role"):
        answer = visit(vera).get(URL, part | {"part": nothing}, headers=HTMX)
        assert "There is nothing of that name" in answer.content.decode()


def test_a_moving_side_says_so_and_offers_what_stays(second: Deployment, vera: User, visit: Visit) -> None:
    page = visit(vera).get(URL, {"to": "environment:dev"}).content.decode()
    assert "This side moves on with dev" in page
    assert f"to=record%3A{second.public_id}" in page
    assert "Nothing differs" in page


def test_two_environments_are_compared_and_access_is_asked_for_both(
    recorded: Deployment, propose: Callable[..., Deployment], prod: Environment, bob: User, visit: Visit
) -> None:
    run_to_record(propose, prod, bob)
    page = visit(bob).get(URL, {"from": "environment:dev", "to": "environment:prod"}).content.decode()
    assert "as it takes effect, overrides applied" in page
    assert "override of prod" in page
    assert (
        "Hide them"
        in visit(bob).get(URL, {"from": "environment:dev", "to": "environment:prod", "noise": "1"}).content.decode()
    )
    for name in ("environment:nowhere", "live:nowhere", "record:2026-11-20T10-30-00Z-ffffff"):
        assert visit(bob).get(URL, {"from": name, "to": "environment:dev"}).status_code == 404
        assert visit(bob).get(URL, {"from": "environment:dev", "to": name}).status_code == 404


def test_an_environment_of_another_project_is_not_there(recorded: Deployment, bob: User, visit: Visit) -> None:
    other = Project.objects.create(slug="elsewhere")
    Environment.objects.create(project=other, name="theirs", account="210987654321", region="us-east-1")
    for side in ("environment:theirs", "live:theirs"):
        assert visit(bob).get(URL, {"to": side}).status_code == 404


def test_sides_are_found_by_words_and_not_listed_all(
    recorded: Deployment, second: Deployment, vera: User, visit: Visit
) -> None:
    def found(**asked: str) -> list[str]:
        html = visit(vera).get(URL, {"choose": "from", "to": second.public_id} | asked, headers=HTMX).content.decode()
        assert "<html" not in html
        return re.findall(r'href="\?from=([^&"]+)&amp;to=record', html)

    assert found()[:2] == ["environment%3Adev", "live%3Adev"]
    assert found(search="memory bob") == [f"record%3A{each.public_id}" for each in (second, recorded)]
    assert found(search=recorded.public_id) == [f"record%3A{recorded.public_id}"]
    assert found(search="dev 2") == [f"record%3A{second.public_id}"]
    assert found(search="nowhere to be found") == []
    page = visit(vera).get(URL, {"choose": "to", "search": "memory", "from": "environment:dev"}).content.decode()
    assert "<html" in page and f"to=record%3A{second.public_id}" in page


def test_what_is_live_is_read_by_those_who_may_and_seen_by_all(
    recorded: Deployment, dev: Environment, bob: User, vera: User, visit: Visit, quiet_queue: list[tuple[str, int]]
) -> None:
    asked = {"from": "environment:dev", "to": "live:dev"}
    live = reverse("environment-live", args=["support-desk", "dev"])
    assert "Read what is live" in visit(bob).get(URL, asked).content.decode()
    viewer = visit(vera).get(URL, asked).content.decode()
    assert "Read what is live" not in viewer and "Somebody who may propose plans" in viewer
    assert visit(vera).post(live, asked).status_code == 403
    answer = visit(bob).post(live, asked)
    assert answer["Location"] == f"{URL}?from=environment%3Adev&to=live%3Adev"
    assert visit(bob).post(live, {"from": "https://elsewhere.example/", "to": ""})["Location"] == f"{URL}?to=live%3Adev"
    assert AuditEntry.objects.filter(deed="live.asked").count() == 1, "one under way is not doubled"
    LiveReading.objects.update(done=3, total=40)
    waiting = visit(vera).get(URL, asked).content.decode()
    assert "3 of 40 resources" in waiting and 'hx-trigger="load delay:1s"' in waiting
    body = StateEntry.objects.get(environment=dev).body | {"stack": "shared-infrastructure"}
    changed = body | {"properties": {"TopicName": "renamed"}}
    LiveReading.objects.update(
        status="read", read_at=timezone.now(), resources={"AlertsTopic": changed}, fingerprint="f1" * 32
    )
    fragment = visit(vera).get(URL, asked, headers=HTMX).content.decode()
    assert "<html" not in fragment and 'hx-trigger="load' not in fragment
    assert "renamed" in fragment and "f1f1f1f1f1f1" in fragment
    assert "Read again" not in fragment and "Read again" in visit(bob).get(URL, asked).content.decode()
    LiveReading.objects.update(status="failed", error="The role cannot be assumed.")
    assert "The role cannot be assumed." in visit(bob).get(URL, asked).content.decode()
    LiveReading.objects.update(status="read", read_at=timezone.now() - timedelta(days=1))
    assert "Read what is live" in visit(bob).get(URL, asked).content.decode(), "an old one says nothing of now"


def test_the_role_in_the_environment_decides_who_has_it_read(
    recorded: Deployment, dev: Environment, project: Project, visit: Visit
) -> None:
    outsider = person("nobody")
    assert visit(outsider).get(URL, {"to": "live:dev"}).status_code == 404
    assert visit(outsider).post(reverse("environment-live", args=["support-desk", "dev"])).status_code == 404


def test_it_is_taken_along_as_json_and_as_a_patch(
    second: Deployment, recorded: Deployment, vera: User, visit: Visit
) -> None:
    asked = {"from": f"record:{recorded.public_id}", "to": f"record:{second.public_id}"}
    answer = visit(vera).get(reverse("compare-file", args=["support-desk", "json"]), asked)
    assert answer["Content-Disposition"] == 'attachment; filename="support-desk-comparison.json"'
    assert {each["logicalId"] for each in json.loads(answer.content)["resources"]["changes"]} == {"AlertsTopic", "Jobs"}
    patch = visit(vera).get(reverse("compare-file", args=["support-desk", "patch"]), asked)
    assert patch.content == b"", "the same configuration and code"
    entries = AuditEntry.objects.filter(deed="export.read").values_list("target", flat=True)
    assert set(entries) == {"comparison.json", "comparison.patch"}
    for form, query in (("xml", asked), ("json", {}), ("json", {"to": "live:dev"})):
        url = reverse("compare-file", args=["support-desk", form])
        assert visit(vera).get(url, query).status_code == 302


def test_a_record_that_is_not_what_was_sealed_is_explained(
    second: Deployment, recorded: Deployment, vera: User, visit: Visit
) -> None:
    memory = store.store()
    assert isinstance(memory, store.InMemoryStore)
    memory.objects[Record.objects.get(deployment_id=recorded.public_id).prefix + "metadata.json"] = b"{}"
    answer = visit(vera).get(URL, {"to": second.public_id})
    assert answer.status_code == 503
    assert "is not what was sealed" in answer.content.decode()
    assert "Choose another" in answer.content.decode()
    file = reverse("compare-file", args=["support-desk", "json"])
    assert visit(vera).get(file, {"to": second.public_id}).status_code == 302


def test_an_environment_that_is_gone_leaves_records_that_compare(
    second: Deployment, recorded: Deployment, vera: User, visit: Visit
) -> None:
    Record.objects.update(environment=None)
    assert "DisplayName" in visit(vera).get(URL, {"to": second.public_id}).content.decode()


def test_it_takes_no_more_statements_with_a_long_history(
    second: Deployment, vera: User, visit: Visit, django_assert_max_num_queries: Any
) -> None:
    client: Client = visit(vera)
    client.get(URL, {"to": second.public_id})
    with django_assert_max_num_queries(20):
        client.get(URL, {"to": second.public_id})
    one = Record.objects.values().first()
    assert one is not None
    rows = [
        Record(**(one | {"id": None, "sequence": number, "deployment_id": f"old-{number}"}))
        for number in range(100, 400)
    ]
    Record.objects.bulk_create(rows)
    with django_assert_max_num_queries(20):
        page = client.get(URL, {"to": second.public_id}).content.decode()
    assert "old-" not in page
    assert EnvironmentState.objects.exists()
