"""What the history takes: writing records, making the index again, verifying; each beside what it cannot do without."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from benchmarks import browsing, comparing, past, subjects
from benchmarks.journey import BenchFailed, Clouds, Journey
from deployments import recording
from deployments.models import Deployment
from history import chain, index
from history.canonical import sha256
from history.recording import record
from history.store import FileStore, Store
from history.verification import believed_keys
from history.verifier import Problem

RECORDS = 1_000
FIRST_ACCOUNT = 400000000001
AGENTS = 10
LATENCY_MS = 100
AIM_RECORD_PERCENT = 3.0
AIM_OVER_READING = 2.0
"""Verifying is bounded by reading while it takes no more than this much of reading every byte and hashing it once."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Going through a whole history of `RECORDS` records: its size, and seconds of each way to do it."""

    objects: int
    megabytes: float
    write_seconds: float
    read_seconds: float
    verify_seconds: float
    reindex_seconds: float


@dataclass(frozen=True, slots=True)
class Recorded:
    """A run and the record it left: seconds of the run, from its first event to its last, and of writing."""

    steps: int
    run_seconds: float
    record_seconds: float


def run(clouds: Clouds, folder: Path) -> int:
    """Prints everything; 0 when all of it could be measured. Aims are for people to judge."""
    print("measuring the history", flush=True)
    try:
        for line in lines(clouds, folder):
            print(line, flush=True)
    except BenchFailed as failure:
        print(f"not measured: {failure}")
        return 1
    return 0


def lines(clouds: Clouds, folder: Path) -> Iterator[str]:
    """One line after the other, as they are measured."""
    yield from comparing.lines(comparing.measure())
    read = reading(FileStore(folder / "kept"))
    yield (
        f"{RECORDS} records, {read.objects} objects, {read.megabytes:.0f} MB: written in {read.write_seconds:.1f} s, "
        f"read and hashed in {read.read_seconds:.1f} s"
    )
    times = read.verify_seconds / read.read_seconds
    yield (
        f"verifying: {RECORDS / read.verify_seconds:.0f} records and {read.megabytes / read.verify_seconds:.0f} MB a "
        f"second, {times:.2f} of reading alone (bounded by reading, up to {AIM_OVER_READING}: "
        f"{_met(times <= AIM_OVER_READING)})"
    )
    yield f"making the index again: {RECORDS / read.reindex_seconds:.0f} records a second"
    for latency_ms in (0, LATENCY_MS):
        clouds.delay(latency_ms)
        found = recorded(folder / f"run-{latency_ms}", latency_ms)
        percent = 100 * found.record_seconds / found.run_seconds
        met = _met(percent < AIM_RECORD_PERCENT)
        yield (
            f"a run of {found.steps} steps at {latency_ms} ms for each call: {found.run_seconds:.2f} s, and "
            f"{found.record_seconds:.2f} s for its record in S3 "
            f"({percent:.0f} %; aim under {AIM_RECORD_PERCENT:.0f} %: {met})"
        )
    clouds.delay(0)
    yield from browsing.lines(folder / "browsing")


def reading(store: Store) -> Reading:
    """Writes a history, and goes through it in every way there is.

    Raises:
        BenchFailed: it does not verify.
    """
    began = perf_counter()
    for each in past.documents(RECORDS):
        record(each, store)
    written = perf_counter() - began
    began, objects, size = perf_counter(), 0, 0
    for key in store.keys(""):
        data = store.get(key)
        sha256(data)
        objects, size = objects + 1, size + len(data)
    read = perf_counter() - began
    began = perf_counter()
    keys = believed_keys(store)
    problem = (
        keys if isinstance(keys, Problem) else chain.verify_chain(store, past.PROJECT, past.ENVIRONMENT, keys=keys)
    )
    verified = perf_counter() - began
    if problem:
        raise BenchFailed(f"what was just written does not verify: {problem}")
    began = perf_counter()
    index.rebuild(store)
    return Reading(objects, size / 1e6, written, read, verified, perf_counter() - began)


def recorded(folder: Path, latency_ms: int) -> Recorded:
    """Deploys a made-up project of about a hundred steps, and takes the time of its record apart.

    Raises:
        BenchFailed: it did not end well.
    """
    took: list[tuple[Deployment, float]] = []
    record_run = recording.record_run

    def timed(deployment: Deployment) -> None:
        began = perf_counter()
        record_run(deployment)
        took.append((deployment, perf_counter() - began))

    subject = subjects.synthetic(AGENTS + bool(latency_ms), folder)
    journey = Journey(subject, Clouds("", ""), itertools.count(FIRST_ACCOUNT + latency_ms))
    vars(recording).update(record_run=timed)
    try:
        journey.deploy()
    finally:
        vars(recording).update(record_run=record_run)
    deployment, seconds = took[-1]
    return Recorded(deployment.steps.count(), deployment.duration_seconds or 0.0, seconds)


def _met(holds: bool) -> str:
    return "met" if holds else "MISSED"
