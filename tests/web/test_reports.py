"""Reports and documents of one deployment: what they say, what stays inert, and that they stay short."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pypdfium2
import pytest
from django.urls import reverse

from deployments.engine.plan import Action, Plan
from deployments.models import Deployment
from deployments.reporting.document import document
from deployments.reporting.report import report
from deployments.reporting.telling import Step, Story, story_of
from history import store
from history.models import Record
from projects.audit.deeds import Deed
from projects.audit.models import AuditEntry
from projects.models import User
from tests.web.conftest import CHANGES, Visit

pytestmark = pytest.mark.django_db
STEP = Step("create:Table", "Table", "succeeded", 0.5, 2.0)
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


def words(pdf: bytes) -> str:
    """The text of all pages, in one line."""
    with pypdfium2.PdfDocument(pdf) as document:
        pages = [page.get_textpage().get_text_range() for page in document]
    return " ".join(" ".join(pages).split())


def pages(pdf: bytes) -> int:
    with pypdfium2.PdfDocument(pdf) as document:
        return len(document)


@pytest.fixture
def story(recorded: Deployment) -> Story:
    return story_of(Record.objects.get(), "/projects/support-desk/records/x/", NOW)


def test_a_report_tells_what_happened(story: Story) -> None:
    said = words(report(story))
    row = story.row
    for expected in (
        "Deployment report", f"support-desk / {row.environment_name}, record 1", "The run succeeded", "AlertsTopic",
        "What the plan changes", "TicketsTable", "Loses data: TicketsTable", "KeySchema", "How it ran", "$1.50 a month",
        "What it costs", "Nothing is wrong", f"record 1 · SHA-256 {row.manifest_digest}", row.signed_by[:20],
    ):  # fmt: skip
        assert expected in said, expected


def test_equal_records_give_equal_bytes_and_the_date_of_the_record(story: Story) -> None:
    first = report(story)
    assert first == report(story)
    with pypdfium2.PdfDocument(first) as document:
        said = document.get_metadata_dict()
    assert said["CreationDate"].startswith(f"D:{story.row.ended_at:%Y%m%d%H%M%S}")
    assert said["Title"] == f"support-desk / {story.row.environment_name}, record 1"
    assert b"/Lang (en)" in first


def test_reviews_say_what_they_were_given_for(story: Story) -> None:
    said = {
        "actor": {"id": 1, "name": "Ada Ångström <b>"}, "approved": True, "comment": "Looked & fine",
        "planDigest": "ab" * 32, "protection": 3, "saw": "cd" * 32, "factorAt": "2026-11-20T10:00:00.000Z",
        "expiresAt": None, "time": "2026-11-20T10:01:00.000Z",
    }  # fmt: skip
    emergency = {**said, "emergency": True, "comment": "The site was down"}
    text = words(report(replace(story, approvals=(said, emergency))))
    assert "Ada Ångström <b> approved, 2026-11-20 10:01:00 UTC: the plan abababababab, under protection 3" in text
    assert "with a second factor shown 2026-11-20 10:00:00 UTC" in text
    assert "deployed without approval, in an emergency" in text
    assert "“The site was down”" in text


HOSTILE = (
    "<b>bold</b><img src='http://x/'/> & \x00\x1b[31m\u202egnp.exe 中文 Ελληνικά Русский " + "x" * 3000 + "\n" * 500
)


def test_hostile_text_stays_text(story: Story) -> None:
    assert story.plan is not None
    broken = replace(
        CHANGES[0], logical_id=HOSTILE, physical_id=HOSTILE, notes=(HOSTILE,) * 30, stack=HOSTILE, type=HOSTILE
    )
    changed = replace(
        CHANGES[1], properties=tuple(replace(CHANGES[1].properties[0], path=HOSTILE, before=HOSTILE) for _ in range(50))
    )
    failed = replace(STEP, status="failed", logical_id=HOSTILE, error={"message": HOSTILE, "advice": HOSTILE})
    said = {"actor": {"name": HOSTILE}, "approved": False, "comment": HOSTILE, "planDigest": HOSTILE, "time": HOSTILE}
    excepted = {"logicalId": HOSTILE, "outcome": HOSTILE, "found": [{"text": HOSTILE}]}
    made = report(
        replace(
            story,
            plan=Plan(story.plan.subject, (broken, changed)),
            steps=(failed,),
            approvals=(said,),
            metadata=replace(story.metadata, what_changed=HOSTILE, deployed_by=HOSTILE),
            certificate={"verdict": HOSTILE, "entries": [excepted]},
        )
    )
    text = words(made)
    assert "<b>bold</b><img src='http://x/'/> &" in text
    assert "Ελληνικά Русский" in text
    assert not set("\x1b\u202e中") & set(text)
    assert b"/URI" not in made, "nothing in it can be clicked, or loaded"
    assert pages(made) < 30


def test_a_thousand_resources_make_a_report_one_can_hold(story: Story) -> None:
    assert story.plan is not None
    kinds = (Action.CREATE, Action.UPDATE, Action.DELETE, Action.NO_CHANGE)
    changes = tuple(
        replace(CHANGES[1], logical_id=f"Table{n}", action=kinds[n % 4], data_loss=False, stack=f"stack-{n % 7}")
        for n in range(1000)
    )
    steps = tuple(
        replace(STEP, step=f"create:Table{n}", logical_id=f"Table{n}", began=n / 10, ended=n / 10 + 2)
        for n in range(750)
    )
    made = report(replace(story, plan=Plan(story.plan.subject, changes), steps=steps))
    assert pages(made) < 25
    text = words(made)
    assert "450 changes more are on the record's page" in text
    assert "690 steps more" in text


def test_a_damaged_record_says_so_in_its_report(recorded: Deployment) -> None:
    row = Record.objects.get()
    objects = store._memory().objects
    objects[f"{row.prefix}state-before.json"] += b" "
    story = story_of(row, "/x/", NOW)
    assert "The record is not what was sealed. edited:" in words(report(story))
    assert document(story)["verification"]["ok"] is False


def test_the_document_holds_what_programs_ask_for(recorded: Deployment, vera: User, visit: Visit) -> None:
    row = Record.objects.get()
    answer = visit(vera).get(reverse("record-document", args=["support-desk", recorded.public_id]))
    said = json.loads(answer.content)
    assert said["format"] == "1"
    assert said["deployment"]["deploymentId"] == recorded.public_id
    assert said["seal"]["digest"] == row.manifest_digest
    assert said["verification"]["ok"] is True
    assert {each["logicalId"] for each in said["plan"]["changes"]} >= {"AlertsTopic", "TicketsTable"}
    assert "target" not in said["plan"]["changes"][0]
    ran = document(replace(story_of(row, "/x/", NOW), steps=(STEP,)))["run"]["steps"]
    assert [(each["logicalId"], each["status"], each["endedAfterSeconds"]) for each in ran] == [
        ("Table", "succeeded", 2.0)
    ]


def test_reports_are_linked_and_written_down(recorded: Deployment, vera: User, visit: Visit) -> None:
    browser = visit(vera)
    addresses = [
        reverse(name, args=["support-desk", recorded.public_id]) for name in ("record-report", "record-document")
    ]
    for page in ("record", "deployment"):
        html = browser.get(reverse(page, args=["support-desk", recorded.public_id])).content.decode()
        assert all(address in html for address in addresses), page
    answer = browser.get(addresses[0])
    assert (answer["Content-Type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
    assert answer["Content-Disposition"].endswith('-1.pdf"')
    targets = AuditEntry.objects.filter(deed=Deed.EXPORT_READ).values_list("target", flat=True)
    assert set(targets) == {f"{recorded.public_id}/report.pdf"}
