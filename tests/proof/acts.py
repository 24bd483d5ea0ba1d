"""What the processes of the proof do, each in one function: found a project, propose, work, rescue, take a picture."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from deployments import execution, orders, planning, states, sweeping, tasks
from deployments.models import Deployment, Lease, Method, Status, Step
from history import chain, index
from history.store import store
from projects import editing
from projects.bundles import read_folder
from projects.models import Environment, User
from tests.proof import pools
from tests.proof.crashing import Points
from tests.proof.point import Point

HERE = Path(__file__).parent


def migrate() -> None:
    """Makes the database and its one person."""
    call_command("migrate", verbosity=0, interactive=False)
    User.objects.create_user(username="bob", password="bob")


def found(slug: str, account: str, configuration: str = "first.yaml") -> None:
    """A project with one environment in an account nobody has touched, its source and its first configuration."""
    bob = User.objects.get(username="bob")
    project = editing.create_project(slug=slug, description="", owner=bob)
    Environment.objects.create(project=project, name="dev", account=account, region="us-east-1")
    editing.add_source(project=project, bundle=read_folder(HERE / "app"), origin="folder", author=bob)
    pools.make(account)
    _save(slug, account, configuration)


def propose(slug: str, account: str, act: str) -> int:
    """Plans and queues one act; answers the deployment's id."""
    if act == "change":
        _save(slug, account, "second.yaml")
    deployment = _planned(slug, kind="destroy" if act == "destroy" else "deploy")
    assert deployment.status == Status.READY, (deployment.status, deployment.error, deployment.problems)
    orders.start(deployment_id=deployment.pk, actor=User.objects.get(username="bob"), inline=True)
    return deployment.pk


def work(deployment_id: int, trace: str, place: str = "", moment: str = "") -> str:
    """A worker: runs the deployment, and dies where it is told to."""
    Points(Path(trace), Point(place, moment) if place else None).install()
    return execution.run(deployment_id=deployment_id).status


def left_behind(deployment_id: int) -> dict[str, Any]:
    """What a dead worker leaves: what was under way by the database's word, and who is said to hold the environment."""
    deployment = Deployment.objects.get(pk=deployment_id)
    lease = Lease.objects.filter(environment_id=deployment.environment_id).first()
    return {
        "status": deployment.status,
        "recorded": deployment.recorded,
        "holder": lease.holder if lease else "",
        "fencing": lease.fencing if lease else 0,
        "open": sorted(deployment.steps.filter(status=Step.Status.RUNNING).values_list("step_id", flat=True)),
    }


def slow_down(milliseconds: float) -> None:
    """Every call of the sandbox takes this much longer."""
    body = json.dumps({"milliseconds": milliseconds}).encode()
    with urlopen(f"{settings.AWS_ENDPOINT_URL}/_sandbox/latency", data=body, timeout=60):
        pass


def rescue(slug: str) -> int:
    """What beat does every five seconds, until nothing is left: sweep, and do what it sends. Answers the rounds."""
    mine = set(Deployment.objects.filter(environment__project__slug=slug).values_list("pk", flat=True))
    sent: list[tuple[str, int]] = []
    sweeping.PATIENCE = timedelta(0)
    sweeping.enqueue = lambda task, pk: sent.append((task, pk))  # type: ignore[assignment]
    for rounds in range(20):
        sent.clear()
        sweeping.sweep()
        ours = [(task, pk) for task, pk in sent if pk in mine]
        if not ours:
            return rounds
        for task, pk in ours:
            getattr(tasks, task)(pk)
    raise AssertionError(f"there is always something left: {sent}")


def picture(slug: str, account: str, deployment_id: int) -> dict[str, Any]:
    """Everything that must be as if nobody had been killed."""
    deployment = Deployment.objects.select_related("environment").get(pk=deployment_id)
    state = states.load(deployment.environment)
    numbers = list(deployment.events.order_by("number").values_list("number", flat=True))
    lease = Lease.objects.get(environment=deployment.environment)
    head = index.head(slug, "dev")
    after = _planned(slug, kind=deployment.kind)
    shown = {
        "status": deployment.status,
        "steps": dict(deployment.steps.values_list("step_id", "status")),
        "types": dict(deployment.steps.values_list("step_id", "type")),
        "ends told": dict(_ends(deployment)),
        "events without gaps": numbers == list(range(1, len(numbers) + 1)),
        "serial": state.serial,
        "state": {name: _plain(entry.as_dict()) for name, entry in state.resources.items()},
        "inventory": _inventory(account),
        "plan afterwards": {"status": after.status, "differences": _differences(after)},
        "recorded": deployment.recorded,
        "records": head.sequence if head else 0,
        "chain": str(chain.verify_chain(store(), slug, "dev", head)),
        # A worker that dies after all is done leaves a lease that anybody may take once it has expired.
        "lease free": lease.holder == "" or (lease.expires_at is not None and lease.expires_at < timezone.now()),
    }
    plain: dict[str, Any] = json.loads(json.dumps(shown).replace(pools.id_of(account), pools.ANY))
    return plain


def _ends(deployment: Deployment) -> dict[str, int]:
    ends: dict[str, int] = {}
    codes = ("step.succeeded", "step.failed", "step.skipped", "step.cancelled")
    for step in deployment.events.filter(code__in=codes).values_list("step", flat=True):
        ends[step] = ends.get(step, 0) + 1
    return ends


def _inventory(account: str) -> dict[str, Any]:
    with urlopen(f"{settings.AWS_ENDPOINT_URL}/_sandbox/inventory", timeout=60) as answer:
        regions = json.load(answer)["accounts"].get(account, {})
    return {
        # IPAM's own ids are in no state.
        f"{region} {kind}": [str(there["count"])] if kind.startswith("AWS::EC2::IPAM") else sorted(there["ids"])
        for region, kinds in regions.items()
        for kind, there in kinds.items()
    }


def _differences(deployment: Deployment) -> list[str]:
    if not hasattr(deployment, "plan"):
        return [deployment.error]
    changes = deployment.plan.value().changes
    return [f"{change.action.value} {change.logical_id}" for change in changes if change.action.value != "no-change"]


def _planned(slug: str, kind: str) -> Deployment:
    environment = Environment.objects.get(project__slug=slug)
    deployment = planning.propose(
        environment=environment,
        actor=User.objects.get(username="bob"),
        method=Method.CLI,
        kind=planning.PlanKind(kind),
        inline=True,
    )
    return planning.make_plan(deployment_id=deployment.pk)


def _save(slug: str, account: str, name: str) -> None:
    environment = Environment.objects.get(project__slug=slug)
    latest = environment.project.latest_configuration
    editing.save_configuration(
        project=environment.project,
        text=(HERE / name)
        .read_text()
        .replace("000000000000", account)
        .replace("name: matrix,", f"name: {slug},")
        .replace(pools.ANY, pools.id_of(account)),
        author=User.objects.get(username="bob"),
        message="",
        base_number=latest.number if latest else None,
    )


def _plain(entry: Any) -> Any:
    return json.loads(json.dumps(entry))
