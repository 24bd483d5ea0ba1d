"""The files the house is described by: locks, image, compose file, Makefile."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
LOCKS = ("base", "embedded", "dev", "uv")

# Not permissive, and fit all the same: libraries used as they are; LGPL and MPL ask for no more than their own source.
WEAK_COPYLEFT_TAKEN = {"psycopg", "psycopg-binary", "psycopg-pool", "certifi", "fido2"}  # fido2: one list in it


def pins(name: str) -> dict[str, str]:
    """Distribution and version of each entry of a lock file."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)(?:\[[a-z0-9,_-]+\])?==(\S+)", text, re.MULTILINE))


@pytest.mark.parametrize("name", LOCKS)
def test_locks_pin_everything_with_hashes_and_name_no_registry(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    entries = re.split(r"\n(?=[a-z0-9])", re.sub(r"(?m)^\s*#.*\n?", "", text).strip())
    assert entries and all("==" in entry and "--hash=sha256:" in entry for entry in entries)
    assert "://" not in text and "--index" not in text and "--find-links" not in text


def test_each_lock_holds_the_smaller_one_version_by_version() -> None:
    base, embedded, dev = pins("base"), pins("embedded"), pins("dev")
    assert base and base.items() <= embedded.items()
    assert embedded.items() <= dev.items()


def test_what_is_shipped_is_permissively_licensed() -> None:
    bad = {}
    for name in pins("embedded"):
        try:
            about = distribution(name).metadata
        except ModuleNotFoundError:
            continue  # for other platforms
        classifiers = [line for line in about.get_all("Classifier") or () if line.startswith("License")]
        said = " ".join([about.get("License-Expression") or about.get("License") or "", *classifiers])
        if re.search(r"\b(A?GPL|LGPL|GNU|MPL|Mozilla|SSPL|BUSL)", said) and name not in WEAK_COPYLEFT_TAKEN:
            bad[name] = said[:80]
    assert bad == {}


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return found


def test_the_compose_file_holds_no_secret_and_demands_each() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("SECRET_KEY", "POSTGRES_PASSWORD", "BROKER_PASSWORD"):
        uses = re.findall(r"\$\{" + name + r"\b[^}]*\}", text)
        assert uses and all(use.startswith("${" + name + ":?") for use in uses)
    assert "/.env" in (ROOT / ".gitignore").read_text().splitlines()  # where the file says to put them
    for service in compose()["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search("SECRET|PASSWORD|KEY|TOKEN", name):
                assert value is None or value.startswith("${"), name


def test_the_compose_services_are_healthy_scalable_and_unprivileged() -> None:
    services = compose()["services"]
    assert set(services) == {"postgres", "broker", "migrate", "web", "worker", "beat"}
    assert not [name for name, service in services.items() if "container_name" in service]
    assert "ports" not in services["worker"]
    for name in ("postgres", "broker", "worker", "beat"):
        assert services[name]["healthcheck"]["test"]
    for name in ("migrate", "web", "worker", "beat"):
        assert services[name]["cap_drop"] == ["ALL"] and services[name]["read_only"]
    for name in ("web", "worker", "beat"):
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_the_compose_file_gives_production_everything_it_demands() -> None:
    demanded = set(
        re.findall(r'(?:text|words)\("([A-Z_]+)"\)', (ROOT / "strandsweb/settings/production.py").read_text())
    )
    assert demanded and demanded <= set(compose()["services"]["web"]["environment"])


def test_the_image_is_pinned_checked_and_not_root() -> None:
    text = (ROOT / "Dockerfile").read_text()
    installs = re.findall(r"pip (?:install|sync)[^&\n]*", text)
    assert installs and all("--require-hashes" in install for install in installs)
    last = text.rsplit("\nFROM ", 1)[1]
    assert re.search(r"^USER (?!0)\d+", last, re.MULTILINE)
    assert "HEALTHCHECK" in last
    assert not re.search(r"(ENV|ARG)[^\n]*(SECRET|PASSWORD|TOKEN)", text)
    taken = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert taken[0] == "*" and "!var" not in taken and "!.git" not in taken


def test_the_makefile_runs_what_it_says() -> None:
    for target, does in {"run": "strandsweb.run", "test": "scripts/test", "lint": "scripts/lint"}.items():
        done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True)
        assert does in done.stdout


def test_an_unfit_python_is_refused_with_advice(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o700)
    for part in ("scripts", "requirements"):
        shutil.copytree(ROOT / part, tmp_path / part)
    done = subprocess.run(
        [tmp_path / "scripts/environment", "embedded"], env={"PATH": "/usr/bin:/bin", "PYTHON": str(old)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "not a Python 3.11 or newer" in done.stderr
    assert not (tmp_path / ".venv").exists()
