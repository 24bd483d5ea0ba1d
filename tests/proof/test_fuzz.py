"""A bounded run of the fuzzer, and that it catches an engine that is broken."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from deployments.engine.journal import Journal
from tests.proof.fuzz import fuzz


def test_the_engine_keeps_its_invariants(tmp_path: Path) -> None:
    assert fuzz(steps=800, first_seed=1, reproducer=tmp_path / "reproducer.py", tell=print) >= 800
    assert not (tmp_path / "reproducer.py").exists()


def test_a_broken_engine_is_caught_and_reproduced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reproducer = tmp_path / "reproducer.py"
    with monkeypatch.context() as broken:
        broken.setattr(Journal, "remove", lambda self, logical_id: None)
        with pytest.raises(BaseException):  # noqa: B017 - hypothesis may group what it found
            fuzz(steps=3000, first_seed=1, reproducer=reproducer, tell=print)
        with pytest.raises((AssertionError, KeyError)):
            runpy.run_path(str(reproducer))
    runpy.run_path(str(reproducer))  # with the engine as it is, the same steps are fine
