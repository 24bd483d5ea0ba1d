"""Export and import from the shell."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from deployments import states
from deployments.models import Deployment, Status
from projects.models import Configuration, Environment, User
from tests.deployments.conftest import plan, run
from tests.deployments.test_imports import forget

pytestmark = pytest.mark.django_db
WHERE = ("--project", "support-desk", "--environment", "dev")


def said(*arguments: str) -> Any:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return json.loads(out.getvalue())


def test_an_environment_moves_by_its_state_file(
    dev: Environment, bob: User, sample: Configuration, cloud: str, tmp_path: Path
) -> None:
    run(plan(dev, bob), bob)
    before = states.load(dev)
    state, app = tmp_path / "state.json", tmp_path / "app.zip"
    call_command("export_state", *WHERE, "--as", "vera", "--to", str(state))
    assert json.loads(state.read_text()) == before.as_dict() == said("export_state", *WHERE, "--as", "vera")
    call_command("export_state", *WHERE, "--as", "vera", "--format", "cdk-app.zip", "--to", str(app))
    with zipfile.ZipFile(app) as archive:
        assert "app.py" in archive.namelist()
    forget(dev)
    shown = said("import_state", *WHERE, "--file", str(state), "--as", "alice", "--plan-only", "--json")
    assert {resource["action"] for resource in shown["resources"]} == {"import"}
    assert states.load(dev).resources == {}
    done = said("import_state", *WHERE, "--file", str(state), "--as", "alice", "--json")
    assert (done["status"], done["aws_calls"]["write"]) == ("succeeded", 0)
    assert states.load(dev).as_dict()["stacks"] == before.as_dict()["stacks"]

    # One of them forgotten is one that exists already.
    url = before.resources["JobsQueue"].physical_id
    dev.resources.filter(logical_id="JobsQueue").delete()
    done = said("import_resources", *WHERE, "--resource", f"JobsQueue={url}", "--as", "alice", "--json")
    assert done["counts"]["import"] == 1
    assert plan(dev, bob).status == Status.UNCHANGED


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("export_state", *WHERE, "--as", "mallory"), "not a member"),
        (("export_state", *WHERE[:3], "prod", "--as", "vera"), "no environment named prod"),
        (("import_state", *WHERE, "--as", "alice", "--file", "/nowhere.json"), "cannot be read"),
        (("import_resources", *WHERE, "--as", "alice", "--resource", "JobsQueue"), "is not LOGICAL=PHYSICAL"),
        (("import_resources", *WHERE, "--as", "bob", "--resource", "JobsQueue=x"), "you need to be owner"),
    ],
)
def test_what_cannot_be_is_said(
    arguments: tuple[str, ...], reason: str, dev: Environment, sample: Configuration, cloud: str
) -> None:
    with pytest.raises(CommandError, match=reason):
        call_command(*arguments)
    assert not Deployment.objects.exists()
