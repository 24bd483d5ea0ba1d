"""Configurations: as written in one environment, as they take effect between two."""

from __future__ import annotations

from typing import Any

from deployments.comparing.configurations import agents_of, compare_configurations
from tests.comparing.sides import DEV, PROD, side
from tests.conftest import SAMPLE

TEXT = (SAMPLE / "strands.yaml").read_text()


def rows(before: Any, after: Any) -> list[tuple[str, str, str]]:
    return [(str(row.edit), row.before_from, row.after_from) for row in compare_configurations(before, after).rows]


def test_two_records_of_an_environment_are_compared_as_they_were_written() -> None:
    before, after = side(config_text=TEXT), side(number=2, config_text=TEXT.replace("memory: 512", "memory: 1024", 1))
    found = compare_configurations(before, after)
    assert [str(row.edit) for row in found.rows] == ["agents.customer-support.memory  512 -> 1024"]
    assert not found.effective and not found.text.is_equal
    same = compare_configurations(before, before)
    assert same.text.is_equal and same.rows == ()


def test_two_environments_are_compared_with_the_overrides_of_each() -> None:
    dev, prod = side(DEV, config_text=TEXT), side(PROD, config_text=TEXT)
    found = compare_configurations(dev, prod)
    assert found.effective and "memory: 1024" in found.after_text and "987654321098" not in found.after_text
    assert rows(dev, prod) == [
        ("project.tags.criticality  + high", "", "prod"),
        ("agents.customer-support.memory  512 -> 1024", "", "prod"),
        ("resources.tickets.retain  + true", "", "prod"),
        ("shared.monitoring.log_retention_days  30 -> 365", "", "prod"),
    ]
    assert ("agents.customer-support.memory  1024 -> 512", "prod", "") in rows(prod, dev)
    edited = side(PROD, config_text=TEXT.replace("timeout: 60", "timeout: 90"))
    assert ("agents.triage.timeout  60 -> 90", "", "") in rows(dev, edited)


def test_what_cannot_be_read_is_said_and_the_texts_are_compared() -> None:
    broken, fine = side(config_text="a: [1,\n"), side(number=2, config_text=TEXT)
    for before, after, which in ((broken, fine, "first"), (fine, broken, "second")):
        found = compare_configurations(before, after)
        assert which in found.problem and found.rows == () and not found.text.is_equal
    unknown = side(PROD, config_text="project: {name: a}\n")
    found = compare_configurations(fine, unknown)
    assert not found.effective and found.rows
    nothing = compare_configurations(side(), side(PROD))
    assert (nothing.problem, nothing.rows, nothing.text.is_equal) == ("", (), True)


def test_agents_have_their_folders() -> None:
    assert agents_of(side(config_text=TEXT))["triage"] == "./apps/triage"
    assert agents_of(side(config_text="a: [1")) == agents_of(side()) == {}
