"""Parts from the shell: deployed, rolled back and destroyed by `--target`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from deployments import states
from projects.models import Configuration, Environment
from tests.conftest import SAMPLE
from tests.deployments.test_import_commands import WHERE, said

pytestmark = pytest.mark.django_db
AS_BOB = ("--as", "bob", "--json")


def done(result: Any) -> dict[str, str]:
    """Logical id -> action, of what was done."""
    return {each["logical_id"]: each["action"] for each in result["resources"] if each["action"] != "no-change"}


def test_parts_are_deployed_rolled_back_and_destroyed(
    dev: Environment, sample: Configuration, cloud: str, tmp_path: Path
) -> None:
    file = tmp_path / "strands.yaml"
    file.write_text(sample.text)
    deploy = ("deploy", *WHERE, *AS_BOB, "--config", str(file), "--source", str(SAMPLE))
    first = said(*deploy, "--target", "AlertsTopic", "--target", "JobsQueue")
    assert set(states.load(dev).resources) == set(done(first)) >= {"AlertsTopic", "JobsQueue"}
    file.write_text(sample.text.replace("visibility_timeout: 360", "visibility_timeout: 390"))
    assert done(said(*deploy, "--target", "JobsQueue")) == {"JobsQueue": "update"}
    back = said("rollback", "--to", first["deployment"], *AS_BOB, "--target", "JobsQueue")
    assert done(back) == {"JobsQueue": "update"}
    gone = said("destroy", *WHERE, *AS_BOB, "--target", "AlertsTopic")
    assert done(gone) == {"AlertsTopic": "delete", "AlertsTopicPolicy": "delete"}, "its policy came and goes with it"
    assert "JobsQueue" in states.load(dev).resources
    with pytest.raises(CommandError, match="Did you mean JobsQueue"):
        call_command("destroy", *WHERE, "--as", "bob", "--target", "JobQueue")
