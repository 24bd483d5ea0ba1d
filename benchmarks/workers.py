"""The engine in its house: a step with the real database, the memory of a large run, several workers at once."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks import engine
from benchmarks.engine import Overhead
from benchmarks.journey import REGION, BenchFailed
from benchmarks.subjects import Subject
from deployments import admission, leases, planning, states
from deployments.ledger import DatabaseLedger
from deployments.models import Deployment, Method, Status, Step
from projects import editing
from projects.bundles import read_folder
from projects.models import Environment, User

ROOT = Path(__file__).resolve().parents[1]
MEMORY_AGENTS = 232  # about 2,000 resources
AIM_PEAK_MB = 400
ENVIRONMENTS = 12  # so that one to four workers have equally many each
WORKERS = (1, 2, 3, 4)
STEPS = 500


@dataclass(frozen=True, slots=True)
class Memory:
    """The most memory a worker process used that planned and ran so many steps."""

    steps: int
    peak_mb: int


@dataclass(frozen=True, slots=True)
class Throughput:
    """Environments deployed at once by so many worker processes."""

    workers: int
    steps: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Steps a second, all workers together."""
        return self.steps / self.seconds


class Yard:
    """Projects to deploy, each environment in an account of its own."""

    def __init__(self, accounts: Iterator[int]) -> None:
        self._accounts = accounts
        self._numbers = itertools.count(1)
        self._owner, _ = User.objects.get_or_create(username="bench")

    def proposed(self, subject: Subject) -> Deployment:
        """The first deployment of a project of its own, in status planning."""
        slug, account = f"{subject.name}-{next(self._numbers)}", f"{next(self._accounts):012}"
        project = editing.create_project(slug=slug, description="", owner=self._owner)
        editing.add_source(project=project, bundle=read_folder(subject.source), origin="folder", author=self._owner)
        text = subject.text(account).replace(f"name: {subject.name}\n", f"name: {slug}\n", 1)
        editing.save_configuration(project=project, text=text, author=self._owner, message="", base_number=None)
        environment = Environment.objects.create(project=project, name="dev", account=account, region=REGION)
        return planning.propose(environment=environment, actor=self._owner, method=Method.CLI, inline=True)

    def overhead(self, subject: Subject, count: int = STEPS) -> Overhead:
        """As `engine.overhead`, with events, steps and state written to the database; the subject lends its row."""
        plan = engine.plan_of(engine.estate(count), engine.nothing(), {})
        seconds = []
        for _ in range(engine.REPEATS):
            deployment = self.proposed(subject)
            states.load(deployment.environment)
            held = leases.take(environment_id=deployment.environment_id, holder="bench", deployment_id=deployment.pk)
            assert held is not None
            admission.add_steps(deployment, plan)
            ledger = DatabaseLedger(deployment=deployment, held=held, base_serial=0, announce=_tell_nobody)
            seconds.append(engine.run_seconds(plan, ledger))
            leases.release(held)
        return Overhead("database", count, median(seconds), engine.bare_seconds(plan))

    def memory(self, subject: Subject) -> Memory:
        """One worker process plans and runs the subject."""
        deployment = self.proposed(subject)
        (told,), _ = _work([[deployment.pk]])
        return Memory(deployment.steps.count(), int(told["peak_mb"]))

    def throughput(self, subject: Subject, workers: int) -> Throughput:
        """So many environments of the subject, planned beforehand and dealt out to the workers."""
        ids = [planning.make_plan(deployment_id=self.proposed(subject).pk).pk for _ in range(ENVIRONMENTS)]
        _, seconds = _work([ids[number::workers] for number in range(workers)])
        return Throughput(workers, Step.objects.filter(deployment_id__in=ids).count(), seconds)


def _work(hands: Sequence[Sequence[int]]) -> tuple[list[dict[str, Any]], float]:
    """What each of so many workers told at its end, and the seconds from the first start to the last end.

    Raises:
        BenchFailed: a deployment did not succeed.
    """
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.child", *map(str, hand)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for hand in hands
    ]
    try:
        for child in children:
            assert child.stdout is not None
            if child.stdout.readline() != "ready\n":
                raise BenchFailed("a worker process did not start")
        began = perf_counter()
        for child in children:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        told = [json.loads((child.communicate()[0] or "{}").strip() or "{}") for child in children]
        seconds = perf_counter() - began
    finally:
        for child in children:
            child.kill()
            child.wait()
    failed = [status for each in told for status in each.get("statuses", ["died"]) if status != Status.SUCCEEDED]
    if failed:
        raise BenchFailed(
            f"of {sum(map(len, hands))} deployments {len(failed)} ended as {', '.join(sorted(set(failed)))}"
        )
    return told, seconds


def _tell_nobody(*, deployment_id: int, first: int, last: int, logical_ids: set[str]) -> None:
    """No page is open."""
