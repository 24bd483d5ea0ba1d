"""What every page is made of: icons that exist, headers that protect, words for moments, sign-in."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from deployments.models import Status, Step
from history.lines import line
from projects.highlighting import difference, lines_of
from projects.models import Project, User
from projects.templatetags.look import KIND_ICONS, STATUSES, ago, duration, element_id, when
from tests.web.conftest import Visit

ROOT = Path(settings.BASE_DIR)
SPRITE = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "static/vendor/tabler-icons/sprite.svg").read_text()))


def test_every_icon_that_is_used_is_in_the_sprite_and_no_other() -> None:
    used = {image for image, _ in STATUSES.values()} | set(KIND_ICONS.values()) | {"box", "circle"}
    for template in (ROOT / "templates").rglob("*.html"):
        used |= set(re.findall(r'{% icon "([^"]+)"', template.read_text()))
    assert used == SPRITE


def test_every_status_has_colour_icon_and_word() -> None:
    assert {*Status.values, *Step.Status.values} <= STATUSES.keys()


def test_no_template_carries_inline_script_or_style() -> None:
    for template in (ROOT / "templates").rglob("*.html"):
        text = template.read_text()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|hx-on|javascript:|hx-vals=.js|\|safe", text), template
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text)), template


@pytest.mark.django_db
def test_pages_allow_no_foreign_or_inline_script(project: Project, alice: User, visit: Visit) -> None:
    answer = visit(alice).get(reverse("project", args=[project.slug]))
    policy = answer["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert answer["X-Frame-Options"] == "DENY"


@pytest.mark.django_db
def test_signing_in_leads_back_but_never_outside(alice: User, visit: Visit) -> None:
    url = reverse("sign-in")
    wrong = visit(None).post(url, {"username": "alice", "password": "no"})
    assert wrong.status_code == 422
    assert b"do not go together" in wrong.content
    right = {"username": "alice", "password": "alice"}
    assert visit(None).post(url, right | {"next": "/projects/x/"})["Location"] == "/projects/x/"
    assert visit(None).post(url, right | {"next": "https://evil.example/"})["Location"] == reverse("projects")
    assert visit(alice).post(reverse("sign-out"))["Location"] == url
    assert visit(alice).get("/")["Location"] == reverse("projects")


@pytest.mark.django_db
def test_a_form_from_elsewhere_is_refused(alice: User) -> None:
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    answer = client.post(reverse("project-new"), {"slug": "forged"})
    assert answer.status_code == 403
    assert not Project.objects.exists()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "just now"), (59, "just now"), (60, "1 minute ago"), (7200, "2 hours ago"), (90000, "1 day ago")],
)
def test_moments_in_words(seconds: float, words: str) -> None:
    assert ago(seconds) == words


def test_a_moment_has_its_absolute_time_beside_it() -> None:
    moment = timezone.now() - timedelta(minutes=5)
    assert "5 minutes ago" in when(moment)
    assert f"{moment:%Y-%m-%d %H:%M:%S} UTC" in when(moment)
    assert when("2026-11-20T10:30:00.123Z").startswith('<time datetime="2026-11-20T10:30:00Z"')
    assert when(None) == ""


@pytest.mark.parametrize(
    ("seconds", "words"), [(None, ""), (0.85, "850 ms"), (12.34, "12.3 s"), (245, "4 min 05 s"), (3700, "1 h 01 min")]
)
def test_durations_in_words(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words


def test_element_ids_are_safe_and_distinct() -> None:
    ids = [element_id(text) for text in ("create:A", "create_A", 'create"A', "create A", "create-A")]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", each) for each in ids)


def test_coloured_text_keeps_every_line_and_escapes_it() -> None:
    text = "a: <b>\n\n  # note\nb: |\n  two\n  lines"
    lines = lines_of(text)
    assert [
        re.sub(r"<[^>]+>", "", str(each)).replace("&lt;", "<").replace("&gt;", ">") for each in lines
    ] == text.split("\n")
    assert not any("<b>" in each for each in lines)


def test_a_difference_numbers_both_sides() -> None:
    before, after = "a\nb\nc\nd\ne\nf\ng\nh", "a\nb\nc\nd\ne\nf\nG\nh"
    rows = [(row.kind, row.text, row.old, row.new) for row in difference(before, after, context=1)]
    assert rows == [
        ("gap", "line 6", None, None),
        ("same", "f", 6, 6),
        ("removed", "g", 7, None),
        ("added", "G", None, 7),
        ("same", "h", 8, 8),
    ]
    assert difference(before, before) == []


@pytest.mark.parametrize(
    ("code", "data", "level", "text"),
    [
        ("run.started", {"steps": 3}, "info", "The run starts with 3 steps"),
        ("run.resumed", {"pending": ["a"]}, "warning", "Taken up again by another worker, 1 steps were under way"),
        ("run.ended", {"status": "failed", "seconds": 2}, "error", "The run failed after 2.0 s"),
        (
            "step.succeeded",
            {"seconds": 1, "adopted": True},
            "info",
            "create succeeded in 1.00 s (it was there already)",
        ),
        ("step.failed", {"error": {"message": "no"}}, "error", "create failed: no"),
        ("step.skipped", {"because": ["create:B"]}, "warning", "create skipped, because of create:B"),
        ("step.cancelled", {}, "warning", "create cancelled"),
        (
            "call.ended",
            {"service": "s3", "operation": "Put", "seconds": 0.02, "status": 200, "attempts": 2},
            "call",
            "s3:Put 200 in 20 ms, 2 attempts",
        ),
        ("log", {"level": "warning", "message": "\x1b[31mred\x1b[0m\x07"}, "warning", "red"),
        ("log", {"level": "shout", "message": "x"}, "info", "x"),
        ("later.code", {"a": 1}, "info", "later.code {'a': 1}"),
    ],
)
def test_events_as_lines(code: str, data: dict[str, object], level: str, text: str) -> None:
    told = line(
        {
            "number": 1,
            "time": "2026-11-20T10:30:01.250Z",
            "code": code,
            "step": "create:A",
            "logicalId": "A",
            "data": data,
        }
    )
    assert (told.level, told.text, told.clock) == (level, text, "10:30:01.250")
