"""`make run-production-shape`: production settings on a private PostgreSQL, without the demo."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable

import psycopg
import pytest

from strandsweb.run import postgres
from tests.house.conftest import ROOT, Copy, gone

pytestmark = [
    pytest.mark.processes,
    pytest.mark.postgres,
    pytest.mark.skipif(postgres.binaries() is None, reason="PostgreSQL is not installed"),
]


def test_it_runs_on_postgres_without_accounts_and_leaves_nothing_running(start: Callable[..., Copy]) -> None:
    copy = start("--production-shape")
    facts = copy.ready()
    assert set(facts["pids"]) == {"parent", "postgres", "broker", "sandbox", "web", "worker", "beat"}
    assert set(copy.get("/readyz")[1]["checks"]) == {"database", "broker", "worker", "history"}
    assert "make_administrator" in copy.output
    assert "-demo" not in copy.output
    with psycopg.connect(facts["database"]) as connection:
        assert connection.execute("SELECT count(*) FROM projects_user").fetchone() == (0,)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(facts["database"].replace("strandsweb:", "strandsweb:not", 1))

    # What the welcome says to do works.
    script = f'. {copy.data_dir}/production.env && exec .venv/bin/python manage.py make_administrator "$@"'
    made = subprocess.run(
        ["sh", "-c", script, "sh", "first"], input="only-for-this-test",
        cwd=ROOT, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr

    family = copy.family()
    assert copy.end(signal.SIGTERM) == 0
    assert gone(family)
