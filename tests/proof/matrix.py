"""The kill matrix: every crash point of a run, a worker killed there, another that finishes, and what must be equal.

A chain is one environment's life in a world of its own: create, change, destroy. Chains without a kill say what is
right and list the crash points; every other chain has a worker killed at one point in each act. Points that stand for
the same code (the same call of the same type of resource in the same operation) are tried once.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

from deployments.aws.calls import is_write
from strandsweb.sandbox.starter import start
from tests.proof.children import begin, in_child
from tests.proof.point import Point
from tests.proof.progress import Case, Progress
from tests.proof.worlds import SLUG, World

LEASE_SECONDS = 0.4
ACTS = ("create", "change", "destroy")
Picture = dict[str, Any]
_REPEATED = ("Delete", "Detach", "Disassociate", "Release")
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Right:
    """What an unkilled chain looks like after each act, its crash points, and which of its values AWS makes up."""

    pictures: Mapping[str, Picture]
    points: Mapping[str, Sequence[Point]]
    generated: frozenset[tuple[str, str]]
    kinds: frozenset[str]

    def types(self, act: str) -> Mapping[str, str]:
        """Types by step."""
        found: Mapping[str, str] = self.pictures[act]["types"]
        return found


@contextmanager
def ground(
    directory: Path, *, database_url: str = "", sandboxes: int = 1, lease_seconds: float = LEASE_SECONDS
) -> Iterator[tuple[str, ...]]:
    """Sandboxes (their addresses) and a migrated database, SQLite unless another is named.

    This process opens no connection to them.
    """
    with ExitStack() as stack:
        urls = tuple(stack.enter_context(start(directory / f"sandbox-{number}")).url for number in range(sandboxes))
        os.environ.update(
            DATA_DIR=str(directory),
            AWS_ENDPOINT_URL=urls[0],
            DATABASE_URL=database_url,
            LEASE_SECONDS=str(lease_seconds),
            DJANGO_SETTINGS_MODULE="tests.proof.settings",
        )
        import django

        django.setup()
        from tests.proof import acts

        _warm()
        in_child(acts.migrate)
        yield urls


def _warm() -> None:
    """Reads what botocore knows of AWS once for all children; no connection is opened."""
    import botocore.loaders
    import botocore.session

    from deployments.aws import credentials
    from deployments.aws.registry import PROVISIONERS

    botocore.loaders.create_loader = lambda *_: credentials._LOADER
    core = botocore.session.Session()
    core.register_component("data_loader", credentials._LOADER)
    for service in {provisioner.service for provisioner in PROVISIONERS.values()} | {"sts", "s3"}:
        core.create_client(service, region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none")


def look(
    directory: Path, sandboxes: tuple[str, ...], acts: Sequence[str] = ACTS, configuration: str = "first.yaml"
) -> Right:
    """Two unkilled chains: the first is what is right, what differs in the second is made up by AWS."""
    worlds = [World(directory, number, sandboxes) for number in (1, 2)]
    lives = [child.join().answer for child in [begin(_life, world, acts, configuration) for world in worlds]]
    generated = frozenset(
        (name, key)
        for act in acts
        for name, entry in lives[0][act]["state"].items()
        for key, value in _values(entry)
        if value != dict(_values(lives[1][act]["state"][name]))[key]
    )
    pictures = {act: plain(picture, generated) for act, picture in lives[0].items()}
    for act in acts:
        assert differences(plain(lives[1][act], generated), pictures[act]) == [], f"two unkilled lives differ in {act}"
        assert pictures[act]["plan afterwards"]["status"] == "unchanged", pictures[act]["plan afterwards"]
        assert pictures[act]["status"] == "succeeded" and pictures[act]["recorded"]
    points = {act: tuple(_points(worlds[0].path(act), lives[0][act]["types"])) for act in acts}
    kinds = frozenset(kind for act in acts for kind in lives[0][act]["types"].values())
    return Right(pictures, points, generated, kinds)


def try_all(
    directory: Path,
    sandboxes: tuple[str, ...],
    right: Right,
    progress: Progress,
    *,
    every: int = 1,
    jobs: int = 2,
    tell: Tell = lambda _: None,
) -> list[Case]:
    """Tries every crash point, or every so-manieth, with as many chains at once as there are jobs.

    What `progress` has already is not tried again; it gets what is.
    """
    steps = {act: min(every, len(points)) for act, points in right.points.items()}
    # By code: which of the places that stand for it comes first depends on the clock.
    tried = {(case.act, _code_of(case.place, right.types(case.act)), case.moment) for case in progress.cases}
    chosen = {
        act: [
            point
            for point in points[steps[act] // 2 :: steps[act]]
            if (act, _code_of(point.place, right.types(act)), point.moment) not in tried
        ]
        for act, points in right.points.items()
    }
    chains = [
        (World(directory, number, sandboxes), points)
        for number, points in enumerate(zip_longest(*chosen.values()), start=10)
    ]
    slots = [begin(_try, right, chains[slot::jobs], progress, tell) for slot in range(jobs)]
    found = [Case(**case) for slot in slots for case in slot.join().answer]
    return [*progress.cases, *(replace(case, differences=tuple(case.differences)) for case in found)]


def _try(
    right: Right, chains: Iterable[tuple[World, Sequence[Point | None]]], progress: Progress, tell: Tell
) -> list[dict[str, Any]]:
    cases = []
    for world, points in chains:
        for case in _killed_life(world, right, points):
            progress.add(case)
            cases.append(asdict(case))
            verdict = "; ".join(case.differences) or "as if nothing had happened"
            tell(f"{case.act} {case.place} {case.moment}: {verdict} ({case.seconds:.1f} s)")
    return cases


def _life(world: World, played: Sequence[str], configuration: str) -> dict[str, Picture]:
    """An unkilled chain; answers a picture after each act."""
    from tests.proof import acts

    world.do(acts.found, SLUG, world.account, configuration)
    pictures = {}
    for act in played:
        deployment_id = world.do(acts.propose, SLUG, world.account, act).answer
        world.do(acts.work, deployment_id, str(world.path(act)))
        pictures[act] = shot(world.do(acts.picture, SLUG, world.account, deployment_id).answer, world.account)
    return pictures


def _killed_life(world: World, right: Right, points: Sequence[Point | None]) -> Iterator[Case]:
    from tests.proof import acts

    world.do(acts.found, SLUG, world.account)
    last = max(index for index, point in enumerate(points) if point is not None)
    for act, point in list(zip(ACTS, points, strict=True))[: last + 1]:
        began = time.monotonic()
        deployment_id = world.do(acts.propose, SLUG, world.account, act).answer
        where = (point.place, point.moment) if point else ("", "")
        ended = world.do(acts.work, deployment_id, str(world.path(act)), *where)
        found: list[str] = []
        under_way = ""
        if point:
            left = world.do(acts.left_behind, deployment_id).answer
            under_way = _under_way(left)
            found += _not_in_flight(point, ended.signal, ended.pid, left)
            time.sleep(LEASE_SECONDS)  # nobody may help while the dead worker's lease lasts
            world.do(acts.rescue, SLUG)
        picture = world.do(acts.picture, SLUG, world.account, deployment_id).answer
        found += differences(plain(shot(picture, world.account), right.generated), right.pictures[act])
        if point:
            yield Case(act, *where, under_way, tuple(found), time.monotonic() - began)
        if found:  # what comes after would only repeat it
            return


def _under_way(left: Mapping[str, Any]) -> str:
    if left["open"]:
        return f"{len(left['open'])} steps"
    recorded = "" if left["status"] in ("queued", "running") or left["recorded"] else ", no record"
    return f"{left['status']}{recorded}"


def _not_in_flight(point: Point, killed_by: int, pid: int, left: Mapping[str, Any]) -> list[str]:
    """What is wrong with the kill itself: it must have hit a worker that was at work there."""
    kind, where, *rest = point.place.split("|")
    wrong = [] if killed_by == signal.SIGKILL else [f"the worker was not killed but ended by itself ({killed_by})"]
    if kind == "sql":
        return wrong
    if f":{pid}:" not in left["holder"]:
        wrong.append(f"the dead worker did not hold the environment but {left['holder'] or 'nobody'}")
    open_ = (kind == "call" and ":" in where) or (
        kind == "commit" and where != "run" and (rest[0] == "step.started") == (point.moment == "after")
    )
    if open_ and where not in left["open"]:
        wrong.append(f"{where} was not under way")
    return wrong


# What is compared.


def _values(entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Texts that AWS may have made up, by key."""
    named = {"physicalId": entry["physicalId"], **entry["attributes"]}
    return [(key, value) for key, value in named.items() if isinstance(value, str)]


def shot(picture: Picture, account: str) -> Picture:
    """The picture with the world's own account replaced by everybody's."""
    return _replaced(picture, {account: "0" * 12})


def plain(picture: Picture, generated: frozenset[tuple[str, str]]) -> Picture:
    """The picture with what AWS made up replaced by whose it is."""
    made_up = {
        value: f"<{name}.{key}>"
        for name, entry in picture["state"].items()
        for key, value in _values(entry)
        if (name, key) in generated and value
    }
    found: Picture = _replaced(picture, made_up)
    found["inventory"] = {kind: sorted(ids) for kind, ids in found["inventory"].items()}
    return found


def _replaced(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for before, after in sorted(names.items(), key=lambda item: -len(item[0])):
            value = value.replace(before, after)
        return value
    if isinstance(value, list):
        return [_replaced(entry, names) for entry in value]
    if isinstance(value, dict):
        return {_replaced(key, names): _replaced(entry, names) for key, entry in value.items()}
    return value


def differences(found: Any, right: Any, path: str = "") -> list[str]:
    """Where two pictures differ, one line each."""
    if isinstance(found, dict) and isinstance(right, dict):
        return [
            line
            for key in sorted(found.keys() | right.keys())
            for line in differences(found.get(key), right.get(key), f"{path}/{key}")
        ]
    return [] if found == right else [f"{path}: {found!r} instead of {right!r}"]


# Which points there are.


def _points(trace: Path, types: Mapping[str, str]) -> Iterator[Point]:
    """The points of an unkilled run, one of those that stand for the same code."""
    seen = set()
    for line in trace.read_text().splitlines():
        place, _, moment = line.partition("\t")
        key = (_code_of(place, types), moment)
        if key not in seen:
            seen.add(key)
            yield Point(place, moment)


def _code_of(place: str, types: Mapping[str, str]) -> str:
    """What stands for the same code: the same call for the same type in the same operation.

    Reads are as good as one, however often they are repeated, and so is what is tried until nothing is in use any more.
    """
    kind, where, *rest = place.split("|")
    if where in types:
        where = where.split(":")[0] + (f" {types[where]}" if kind == "call" else "")
    elif kind == "call" and where.endswith(".log"):
        where = "record *.log"
    operation = rest[0].partition(" ")[2]
    if kind == "call" and (not is_write(operation) or operation.startswith(_REPEATED)):
        rest = ["a read"] if where == "opening" else rest[:1]
    if where == "tags":
        rest = rest[:1]
    return re.sub(r"\s+", " ", "|".join([kind, where, *rest]))
