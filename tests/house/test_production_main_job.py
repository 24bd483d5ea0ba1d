"""The main job on the production shape: PostgreSQL, production settings, several workers, and no JavaScript at all."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable

import pytest

from strandsweb.run import postgres
from tests.conftest import SAMPLE
from tests.house.conftest import ROOT, Copy
from tests.house.person import Person

pytestmark = [
    pytest.mark.processes,
    pytest.mark.postgres,
    pytest.mark.skipif(postgres.binaries() is None, reason="PostgreSQL is not installed"),
]
PASSWORD = "a password that is long enough"


def account(house: Copy, username: str) -> Person:
    """Makes an account from the shell, as the welcome says, and signs in with it."""
    lines = (house.data_dir / "production.env").read_text().splitlines()
    values = dict(line.removeprefix("export ").split("=", 1) for line in lines)
    environment = {name: value.strip("'") for name, value in values.items()}
    subprocess.run(
        [sys.executable, "manage.py", "createsuperuser", "--no-input", "--username", username, "--email", ""],
        cwd=ROOT,
        env={**os.environ, **environment, "DJANGO_SUPERUSER_PASSWORD": PASSWORD},
        check=True,
        capture_output=True,
    )
    return Person(f"http://127.0.0.1:{house.port}", username, PASSWORD)


def sample_zip() -> bytes:
    """The sample's folder as somebody would zip it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(SAMPLE.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, path.relative_to(SAMPLE))
    return buffer.getvalue()


def test_the_main_job_without_javascript(start: Callable[..., Copy]) -> None:
    house = start("--production-shape")
    house.ready()
    olga, adam = account(house, "olga"), account(house, "adam")

    olga.open("/new-project/")
    olga.send("new-project", slug="support-desk")
    olga.open("/projects/support-desk/members/")
    olga.send("members", username="adam", role="approver")
    olga.open("/projects/support-desk/configuration/edit/")
    olga.send("configuration/edit", text=(SAMPLE / "strands.yaml").read_text(), step="review")
    olga.send("configuration/edit", step="save", message="The sample")
    olga.open("/projects/support-desk/sources/")
    olga.send("sources", files={"bundle": ("sample.zip", sample_zip())})
    olga.open("/projects/support-desk/new-environment/")
    olga.send(
        "new-environment",
        name="prod",
        account="987654321098",
        region="us-east-1",
        role_arn="arn:aws:iam::987654321098:role/strandsweb-deploy",
        protected="on",
    )

    olga.open("/projects/support-desk/environments/prod/plan/")
    olga.send("plan")
    olga.wait_for("to create")
    deployment = olga.url
    with pytest.raises(AssertionError, match="no form"):
        olga.send("approve")
    adam.open(deployment)
    adam.send("approve", comment="Looks right")
    olga.open(deployment)
    olga.send("start")
    olga.wait_for("succeeded")
    olga.wait_for("/records/")

    olga.open("/projects/support-desk/environments/prod/")
    answer = olga.send("try", method="POST", path="/support", body='{"question": "Where is my invoice?"}')
    assert '"answer"' in answer

    # Nothing changed, so there is nothing to do; then one property, and back.
    olga.open("/projects/support-desk/environments/prod/plan/")
    olga.send("plan")
    olga.wait_for("nothing to do")
    olga.open("/projects/support-desk/configuration/edit/")
    text = (SAMPLE / "strands.yaml").read_text().replace("memory: 1024", "memory: 2048", 1)
    olga.send("configuration/edit", text=text, step="save", message="More memory")
    olga.open("/projects/support-desk/environments/prod/plan/")
    olga.send("plan")
    olga.wait_for("1 to update")
    changed = olga.url
    adam.open(changed)
    adam.send("approve")
    olga.open(changed)
    olga.send("start")
    olga.wait_for("/records/")

    first = re.sub(r".*/deployments/([^/]+)/.*", r"\1", deployment)
    olga.open(f"/projects/support-desk/rollback/{first}/")
    olga.send(first, message="Too much memory")
    olga.wait_for("1 to update")
    adam.open(olga.url)
    adam.send("approve")
    olga.open(olga.url)
    olga.send("start")
    olga.wait_for("/records/")
    assert "succeeded" in olga.page
