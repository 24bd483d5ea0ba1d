"""A replay is the page that was live: after every event, at the end, and by frames."""

from __future__ import annotations

import json
import os
from datetime import datetime
from xml.etree import ElementTree

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from deployments import following
from deployments.engine.events import Code
from deployments.replaying.playing import frames
from deployments.run_view import RunView
from projects.models import Environment, Project, User
from tests.replaying.conftest import KEPT, RUNS, Run, began, kept, played

pytestmark = pytest.mark.django_db


@pytest.fixture(params=KEPT)
def run(request: pytest.FixtureRequest, dev: Environment, bob: User) -> Run:
    """A kept run, told again to a worker's ledger."""
    found = kept(request.param)
    return began(dev, bob, found.plan, found.events[0].time, "2025-11-19T10-30-00Z-abc123")


def section(project: Project, run: RunView) -> str:
    """The run's part of the page."""
    return render_to_string("deployments/deployment.html#run", {"project": project, "run": run})


def test_every_event_is_replayed_as_it_was_live(
    request: pytest.FixtureRequest, run: Run, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page for page: rows as the worker's ledger wrote them, and the fold of the record's events."""
    events = kept(request.node.callspec.params["run"]).events
    latest = datetime.fromisoformat(events[0].time)
    monkeypatch.setattr(timezone, "now", lambda: latest)
    live = {0: section(project, following.view(run.deployment))}
    for event in events:
        latest = max(latest, datetime.fromisoformat(event.time))
        run.tell([event])
        if event.code is not Code.CALL_ENDED:  # of which a page shows but the number
            live[event.number] = section(project, following.view(run.deployment))
    monkeypatch.undo()
    tape = played(run.end())
    live[tape.last] = section(project, following.view(run.deployment))
    for number, shown in live.items():
        assert section(project, tape.view(number)) == shown, f"event {number}"


class Shown:
    """A page's section that fragments are swapped into as htmx does it."""

    def __init__(self, html: str) -> None:
        self._root = ElementTree.fromstring(html)

    def swap(self, html: str) -> None:
        """Elements take the place of those with their id, lines go to the end of the log."""
        for element in ElementTree.fromstring(f"<news>{html.replace(' hidden', '')}</news>"):
            how, name = element.attrib.pop("hx-swap-oob"), element.get("id", "")
            if how != "true":
                next(each for each in self._root.iter() if f"beforeend:#{each.get('id')}" == how).extend(element)
            elif name != "run-mark":  # it stands beside the section
                parents = [each for each in self._root.iter() if name in {child.get("id") for child in each}]
                assert len(parents) == 1, f"{name} has one place"
                place = [child.get("id") for child in parents[0]].index(name)
                parents[0][place] = element

    def __str__(self) -> str:
        canonical = ElementTree.canonicalize(ElementTree.tostring(self._root), strip_text=True)
        return canonical.replace("><", ">\n<")


@pytest.mark.parametrize("merged", [0, 100, 6000])
def test_frames_bring_a_page_from_the_start_to_its_end(
    request: pytest.FixtureRequest, run: Run, project: Project, merged: int
) -> None:
    run.tell(kept(request.node.callspec.params["run"]).events)
    tape = played(run.end())
    shown = Shown(section(project, tape.view(0)))
    number = 0
    while number < tape.last:
        for frame in frames(project, tape, pre="", after=number, merged=merged):
            assert frame.number > number
            number = frame.number
            shown.swap(frame.html)
    assert str(shown) == str(Shown(section(project, tape.view(tape.last))))


@pytest.mark.parametrize("name", KEPT)
def test_kept_runs_come_to_the_same_with_every_version(name: str, dev: Environment, bob: User) -> None:
    """`REPLAYED=renew` writes down what a new one comes to; one that is there is never written again."""
    found = kept(name)
    run = began(dev, bob, found.plan, found.events[0].time, "2025-11-19T10-30-00Z-abc123")
    run.tell(found.events)
    tape = played(run.end())
    told = tape.story(tape.last)
    came_to = {
        "status": told.status.value,
        "seconds": told.seconds(),
        "calls": told.aws_calls(),
        "counts": told.counts(),
        "criticalPath": list(told.critical_path(tape.needs)[1]),
        "moments": [[moment.number, moment.at, moment.kind] for moment in tape.moments],
        "steps": {
            step.id: [step.status.value, step.type, step.physical_id, step.started, step.ended, step.seconds]
            for step in told.steps.values()
        },
    }
    file = RUNS / name / "replayed.json"
    if os.environ.get("REPLAYED") == "renew" and not file.exists():
        file.write_text(json.dumps(came_to, indent=1) + "\n")
    assert came_to == json.loads(file.read_text())
