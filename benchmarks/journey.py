"""One environment from nothing to nothing: deployed, planned again, changed, destroyed; each beside its floor."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from time import perf_counter

from benchmarks.floor import Floor, Replayer
from benchmarks.recording import Recorder, tasks_of
from benchmarks.subjects import Subject
from deployments import execution, orders, planning
from deployments.aws.credentials import SANDBOX_KEYS, Access, session_for
from deployments.engine.plan import PlanKind
from deployments.models import Deployment, Method, Status
from projects import editing
from projects.bundles import read_folder
from projects.models import Configuration, Environment, Project, User

REGION = "us-east-1"


class Phase(StrEnum):
    """What is measured, in the order it happens."""

    FIRST = "first deploy"
    AGAIN = "no-change plan"
    CHANGE = "one-property change"
    DESTROY = "destroy"


class BenchFailed(Exception):
    """A deployment did not end as it has to; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One phase, once. Seconds are of the wall.

    `run_seconds` is the deployment's own duration, from its first event to its last (what `deploy --json` calls
    `duration_seconds`); `plan_seconds` is `make_plan`, `whole_seconds` everything from the proposal to the sealed
    record. Calls and floor are the run's; of the no-change plan, which has no run, they are the plan's.
    """

    phase: Phase
    plan_seconds: float
    run_seconds: float
    whole_seconds: float
    critical_path_seconds: float
    steps: int
    reads: int
    writes: int
    floor: Floor

    @property
    def seconds(self) -> float:
        """What is compared with the floor."""
        return self.plan_seconds if self.phase is Phase.AGAIN else self.run_seconds


@dataclass(frozen=True, slots=True)
class Clouds:
    """The sandbox that strandsweb deploys to, and its twin for the floor."""

    ours: str
    floors: str

    def delay(self, latency_ms: int) -> None:
        """Sets the latency added to every call of both."""
        for url in (self.ours, self.floors):
            body = json.dumps({"milliseconds": latency_ms}).encode()
            with urllib.request.urlopen(urllib.request.Request(f"{url}/_sandbox/latency", data=body), timeout=10):
                pass


class Journey:
    """A subject's project, deployed as often as asked, each time to an account of its own."""

    def __init__(self, subject: Subject, clouds: Clouds, accounts: Iterator[int]) -> None:
        self._subject = subject
        self._clouds = clouds
        self._accounts = accounts
        self._recorder = Recorder()
        self._owner, _ = User.objects.get_or_create(username="bench")
        self._project = editing.create_project(slug=subject.name, description="", owner=self._owner)
        editing.add_source(
            project=self._project, bundle=read_folder(subject.source), origin="folder", author=self._owner
        )

    def go(self) -> Iterator[Measurement]:
        """The four phases.

        Raises:
            BenchFailed: one did not end well.
        """
        environment = self._environment()
        access = Access(
            account=environment.account,
            region=REGION,
            session_name="floor",
            role_arn=f"arn:aws:iam::{environment.account}:role/floor",
            endpoint_url=self._clouds.floors,
            keys=SANDBOX_KEYS,
        )
        floor = Replayer(session_for(access), self._clouds.floors)
        self._configure(self._subject.text(environment.account))
        for phase in Phase:
            if phase is Phase.CHANGE:
                self._configure(self._subject.changed(environment.account))
            yield self._measure(phase, environment, floor)

    def deploy(self) -> Environment:
        """The project, deployed and not measured.

        Raises:
            BenchFailed: it did not end well.
        """
        environment = self._environment()
        self._configure(self._subject.text(environment.account))
        proposed = planning.propose(environment=environment, actor=self._owner, method=Method.CLI, inline=True)
        self._expect(planning.make_plan(deployment_id=proposed.pk), Status.READY, Phase.FIRST)
        orders.start(deployment_id=proposed.pk, actor=self._owner, inline=True)
        self._expect(execution.run(deployment_id=proposed.pk), Status.SUCCEEDED, Phase.FIRST)
        return environment

    def _measure(self, phase: Phase, environment: Environment, floor: Replayer) -> Measurement:
        kind = PlanKind.DESTROY if phase is Phase.DESTROY else PlanKind.DEPLOY
        expected = Status.UNCHANGED if phase is Phase.AGAIN else Status.READY
        with self._recorder.listening():
            began = perf_counter()
            proposed = planning.propose(
                environment=environment, actor=self._owner, method=Method.CLI, kind=kind, inline=True
            )
            deployment, plan_seconds = _timed(lambda: planning.make_plan(deployment_id=proposed.pk))
            self._expect(deployment, expected, phase)
            calls = self._recorder.take()
            if phase is not Phase.AGAIN:
                orders.start(deployment_id=deployment.pk, actor=self._owner, inline=True)
                deployment = execution.run(deployment_id=deployment.pk)
                self._expect(deployment, Status.SUCCEEDED, phase)
                calls = self._recorder.take()
            whole_seconds = perf_counter() - began
        summary = deployment.summary
        tasks = tasks_of(deployment.plan.value())
        calls = [call for call in calls if call.task]  # the credentials' own calls belong to no resource
        return Measurement(
            phase=phase,
            plan_seconds=plan_seconds,
            run_seconds=summary.get("seconds", 0.0),
            whole_seconds=whole_seconds,
            critical_path_seconds=summary.get("critical_path_seconds", 0.0),
            steps=deployment.steps.count(),
            reads=sum(not call.write for call in calls),
            writes=sum(call.write for call in calls),
            floor=floor.replay(calls, tasks),
        )

    def _expect(self, deployment: Deployment, status: Status, phase: Phase) -> None:
        if deployment.status != status:
            raise BenchFailed(
                f"{self._subject.name}, {phase}: {deployment.status} instead of {status}. "
                f"{deployment.error} {deployment.problems or ''}".rstrip()
            )

    def _environment(self) -> Environment:
        """The project's one environment, empty, moved to an account that nobody has touched."""
        environment, _ = Environment.objects.update_or_create(
            project=self._project, name="dev", defaults={"account": f"{next(self._accounts):012}", "region": REGION}
        )
        return environment

    def _configure(self, text: str) -> Configuration:
        latest = Project.objects.get(pk=self._project.pk).latest_configuration
        return editing.save_configuration(
            project=self._project,
            text=text,
            author=self._owner,
            message="",
            base_number=latest.number if latest else None,
        )


def _timed(work: Callable[[], Deployment]) -> tuple[Deployment, float]:
    began = perf_counter()
    return work(), perf_counter() - began
