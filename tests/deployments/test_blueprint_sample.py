"""The sample's blueprint, resource by resource as reviewed by eye, and as a template CloudFormation would take.

After a change that is meant: `UPDATE_GOLDEN=1 pytest tests/deployments/test_blueprint_sample.py`, then read the diff.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint_all

from deployments.blueprint import Blueprint, EnvironmentFacts, as_template, synthesise
from projects.bundles import read_folder
from projects.configuration import for_environment, parse

SAMPLE = Path(__file__).parents[2] / "samples" / "support-desk"
GOLDEN = Path(__file__).parent / "golden"
CODE_DIGEST = re.compile(r"[0-9a-f]{64}")


def blueprint_of_sample(environment: str, *, protected: bool) -> Blueprint:
    parsed = parse((SAMPLE / "strands.yaml").read_text())
    assert parsed.configuration is not None
    configuration = for_environment(parsed.configuration, environment)
    place = configuration.environments[environment]
    facts = EnvironmentFacts(
        project=configuration.project.name,
        environment=environment,
        account=place.account,
        region=configuration.project.region,
        protected=protected,
        version="1",
        deployed_by="deployer",
    )
    return synthesise(configuration=configuration, facts=facts, bundle=read_folder(SAMPLE))


@pytest.fixture(scope="module", params=[("dev", False), ("prod", True)], ids=["dev", "prod"])
def sample(request: pytest.FixtureRequest) -> tuple[str, Blueprint]:
    environment, protected = request.param
    return environment, blueprint_of_sample(environment, protected=protected)


def test_the_sample_has_no_problems(sample: tuple[str, Blueprint]) -> None:
    assert sample[1].problems == ()


def test_the_sample_becomes_the_resources_that_were_reviewed(sample: tuple[str, Blueprint]) -> None:
    environment, blueprint = sample
    # The code of the sample may change without the blueprint changing its mind about anything else.
    document: Any = {
        "resources": [resource.as_dict() for resource in blueprint.resources],
        "outputs": [{"name": output.name, "value": dict(output.value)} for output in blueprint.outputs],
    }
    text = CODE_DIGEST.sub("(sha256 of the code)", json.dumps(document, indent=2, sort_keys=True)) + "\n"
    golden = GOLDEN / f"support-desk-{environment}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text)
    assert text == golden.read_text(), "read the difference; if it is meant, follow this module's first lines"


def test_cloudformation_would_take_the_sample() -> None:
    blueprint = blueprint_of_sample("prod", protected=True)
    template = as_template(blueprint.resources, blueprint.outputs)
    found = [f"{match.rule.id} {match.message}" for match in lint_all(json.dumps(template))]
    assert [finding for finding in found if not finding.startswith("I")] == []  # I: tips, such as to retain all data
