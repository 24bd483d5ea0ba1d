"""Installations of strandsweb in processes of their own, on SQLite and on PostgreSQL, that do what they are told."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, TypeVar

import psycopg

from benchmarks.database import postgresql
from strandsweb.run import postgres

P = ParamSpec("P")
T = TypeVar("T")
SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
PATTERN = "pattern"


@dataclass(frozen=True, slots=True)
class Installation:
    """One database, and a process that works on it."""

    vendor: str
    data_dir: Path
    url: str
    process: ProcessPoolExecutor

    def start(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> Future[T]:
        """Has its process call the function, which must be at the top of a module."""
        return self.process.submit(function, *arguments, **named)

    def call(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """The same, and what came of it."""
        return self.start(function, *arguments, **named).result()

    @contextmanager
    def more(self, count: int) -> Iterator[list[Installation]]:
        """So many further processes on the same database, all of them ready."""
        with ExitStack() as stack:
            processes = [stack.enter_context(_process(self.data_dir, self.url)) for _ in range(count)]
            others = [replace(self, process=each) for each in processes]
            for ready in [each.start(os.getpid) for each in others]:
                ready.result()
            yield others


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, str]]:
    """The address of a database server per vendor; SQLite's is empty. PostgreSQL where the machine has it."""
    with ExitStack() as stack:
        found = {SQLITE: ""}
        if postgres.binaries() is not None:
            folder.chmod(0o711)  # its user must get to its files
            found[POSTGRESQL] = stack.enter_context(postgresql(folder / "postgres"))
        yield found


@contextmanager
def installations(vendor: str, server: str, names: Sequence[str], folder: Path) -> Iterator[list[Installation]]:
    """New and empty ones of these names, copies of one that was migrated; their processes end with the block."""
    pattern = folder / f"{vendor}-{PATTERN}"
    with _process(pattern, _create(server, PATTERN)) as process:
        process.submit(_migrate).result()
    with ExitStack() as stack:
        made = []
        for name in names:
            data_dir, url = folder / f"{vendor}-{name}", _create(server, name, PATTERN)
            shutil.copytree(pattern, data_dir)
            made.append(Installation(vendor, data_dir, url, stack.enter_context(_process(data_dir, url))))
        yield made


def _process(data_dir: Path, url: str) -> ProcessPoolExecutor:
    """Spawned, not forked: it opens its own database, with settings that are not ours."""
    return ProcessPoolExecutor(1, get_context("spawn"), _open, (data_dir, url))


def _open(data_dir: Path, url: str) -> None:
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "DATA_DIR": str(data_dir),
        "DATABASE_URL": url,
        "BROKER_URL": "",
    }
    import django

    django.setup()


def _migrate() -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


def _create(server: str, name: str, pattern: str = "template1") -> str:
    """A database of that name on the server, as the pattern is, and its address; of SQLite, which has none, nothing."""
    if not server:
        return ""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{pattern}"')
    return f"{server.rpartition('/')[0]}/{name}"
