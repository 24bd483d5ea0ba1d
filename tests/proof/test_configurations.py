"""The two configurations of the kill matrix have every kind there is between them."""

from __future__ import annotations

from pathlib import Path

from deployments.aws.registry import PROVISIONERS
from deployments.blueprint import EnvironmentFacts, synthesise
from projects.bundles import read_folder
from projects.configuration import for_environment, parse

HERE = Path(__file__).parent
# What is in neither, and why.
MISSING: dict[str, str] = {}


def types_of(name: str) -> set[str]:
    """The types that a configuration asks for."""
    parsed = parse((HERE / name).read_text())
    assert parsed.configuration is not None, [str(problem) for problem in parsed.problems]
    blueprint = synthesise(
        configuration=for_environment(parsed.configuration, "dev"),
        facts=EnvironmentFacts("matrix", "dev", "000000000000", "us-east-1", protected=False, version="1"),
        bundle=read_folder(HERE / "app"),
    )
    assert [problem for problem in blueprint.problems if problem.severity == "error"] == []
    return {resource.type for resource in blueprint.resources}


def test_workers_are_killed_over_every_kind_of_resource() -> None:
    killed_over = types_of("first.yaml") | types_of("second.yaml")
    assert set(PROVISIONERS) - killed_over == set(MISSING)
    assert killed_over - set(PROVISIONERS), "and over one that goes through Cloud Control"
