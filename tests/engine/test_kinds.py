"""Which changes a kind cannot take in place."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.engine.differences import property_changes
from deployments.engine.kinds import Kind
from deployments.engine.plan import ABSENT

KIND = Kind(type="Test::Cluster", label="cluster", immutable=frozenset({"Name", "Network.Range", "Rules.*.Port"}))


@pytest.mark.parametrize(
    ("path", "before", "after", "fixed"),
    [
        ("Name", "a", "b", True),
        ("Name.Inner", "a", "b", True),
        ("Names", "a", "b", False),
        ("Network.Range", "10.0.0.0/16", "10.1.0.0/16", True),
        ("Network.Label", "a", "b", False),
        ("Network", {"Range": "10.0.0.0/16"}, {"Range": "10.0.0.0/16", "Label": "b"}, False),
        ("Network", {"Range": "10.0.0.0/16"}, {"Range": "10.1.0.0/16"}, True),
        ("Network", ABSENT, {"Range": "10.1.0.0/16"}, True),
        ("Network", ABSENT, {"Label": "b"}, False),
        ("Rules", [{"Port": 1, "Label": "a"}], [{"Port": 1, "Label": "b"}], False),
        ("Rules", [{"Port": 1}], [{"Port": 1}, {"Port": 2}], True),
        ("Rules", [{"Port": 1}], "none", True),
    ],
)
def test_what_needs_a_replacement(path: str, before: Any, after: Any, fixed: bool) -> None:
    assert KIND.fixes(path, before, after) is fixed


def test_a_change_beside_a_fixed_property_is_made_in_place() -> None:
    was = {"Network": {"Range": "10.0.0.0/16", "Label": "old"}}
    will = {"Network": {"Range": "10.1.0.0/16", "Label": "new"}}
    rows = property_changes(KIND, desired=will, recorded=was, live=was)
    assert {row.path: row.replaces for row in rows} == {"Network.Label": False, "Network.Range": True}
