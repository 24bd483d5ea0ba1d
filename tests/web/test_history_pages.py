"""Timeline, record, files and comparison; and what is said when a record is not what was sealed."""

from __future__ import annotations

import pytest
from django.urls import reverse

from deployments.models import Deployment
from history import store
from history.models import Record
from projects.models import Environment, Project, User
from tests.web.conftest import Visit

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def test_the_timeline_lists_and_filters(recorded: Deployment, vera: User, visit: Visit) -> None:
    url = reverse("timeline", args=["support-desk"])
    assert recorded.public_id in visit(vera).get(url).content.decode()
    for query in ({"environment": "prod"}, {"status": "failed"}, {"text": "nonsense"}, {"person": "ada"}):
        fragment = visit(vera).get(url, query, headers=HTMX).content.decode()
        assert recorded.public_id not in fragment
        assert "Nothing fits" in fragment
        assert "<html" not in fragment
    assert recorded.public_id in visit(vera).get(url, {"after": "nonsense"}).content.decode()


def test_a_record_shows_its_documents_and_seal(recorded: Deployment, vera: User, visit: Visit) -> None:
    page = visit(vera).get(reverse("record", args=["support-desk", recorded.public_id])).content.decode()
    record = Record.objects.get()
    assert record.manifest_digest[:16] in page
    assert "execution-log.jsonl" in page
    assert "The run starts with 1 steps" in page
    assert "the first of its environment" in page
    assert "Roll back to this" not in page  # Vera only views


def test_the_log_is_filtered_by_level(recorded: Deployment, vera: User, visit: Visit) -> None:
    url = reverse("deployment-log", args=["support-desk", recorded.public_id])
    fragment = visit(vera).get(url, {"level": "error"}, headers=HTMX).content.decode()
    assert "<html" not in fragment
    assert "The run starts" not in fragment
    assert "No line fits" in fragment


def test_a_file_is_a_download_and_nothing_else(recorded: Deployment, vera: User, visit: Visit) -> None:
    url = reverse("record-file", args=["support-desk", recorded.public_id, "plan.json"])
    answer = visit(vera).get(url)
    assert answer.content.decode() == recorded.plan.text
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment;")
    for name in ("../plan.json", "manifest.json/../plan.json", "nothing.txt"):
        other = reverse("record-file", args=["support-desk", recorded.public_id, name])
        assert visit(vera).get(other).status_code == 404


def test_a_changed_record_is_reported_and_not_shown(recorded: Deployment, vera: User, visit: Visit) -> None:
    verify = reverse("verification", args=["support-desk", recorded.public_id])
    assert "is what was sealed" in visit(vera).get(verify).content.decode()
    key = Record.objects.get().prefix + "config.yaml"
    memory = store.store()
    assert isinstance(memory, store.InMemoryStore)
    memory.objects[key] = b"project: {name: other}"
    broken = visit(vera).get(verify, headers=HTMX).content.decode()
    assert "does not verify" in broken
    assert "config.yaml" in broken
    assert "<html" not in broken


def test_comparing_goes_with_the_one_before_or_says_there_is_none(
    recorded: Deployment, vera: User, visit: Visit
) -> None:
    url = reverse("compare", args=["support-desk"])
    assert "Choose two" in visit(vera).get(url).content.decode()
    assert "Nothing before it" in visit(vera).get(url, {"to": recorded.public_id}).content.decode()
    same = visit(vera).get(url, {"from": recorded.public_id, "to": recorded.public_id}).content.decode()
    assert "Nothing differs" in same
    assert visit(vera).get(url, {"to": "2026-11-20T10-30-00Z-ffffff"}).status_code == 404


def test_rolling_back_leads_to_a_plan(recorded: Deployment, dev: Environment, bob: User, visit: Visit) -> None:
    url = reverse("rollback", args=["support-desk", recorded.public_id])
    assert "Plan the rollback" in visit(bob).get(url).content.decode()
    answer = visit(bob).post(url, {"message": "It was better"})
    made = dev.deployments.order_by("-pk")[0]
    assert answer["Location"] == reverse("deployment", args=["support-desk", made.public_id])
    assert (made.kind, made.rollback_to, made.message) == ("rollback", recorded.public_id, "It was better")


def test_a_record_of_another_project_is_not_there(recorded: Deployment, mallory: User, visit: Visit) -> None:
    other = Project.objects.create(slug="other")
    other.memberships.create(user=mallory, role="owner")
    for name in ("record", "rollback", "verification"):
        assert visit(mallory).get(reverse(name, args=["other", recorded.public_id])).status_code == 404
