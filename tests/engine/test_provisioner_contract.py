"""The fake provisioner keeps the contract, and so the contract can be kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from deployments.engine.errors import Category, CloudError
from deployments.engine.fake_cloud import FakeCloud, FakeProvisioner
from deployments.engine.ports import Live
from deployments.engine.resources import Resource
from tests.engine.provisioner_contract import Case, ProvisionerContract, recorded, target
from tests.engine.stage import KINDS, resource


def the_case(wanted: Resource, changed: Resource | None, drift: dict[str, Any] | None) -> Case:
    cloud = FakeCloud()
    kind = KINDS[wanted.type]
    name = str(wanted.properties.get(kind.name_property or "", wanted.logical_id))
    drifts: Callable[[Live], None] | None = (lambda live: cloud.change(wanted.type, name, **drift)) if drift else None
    return Case(
        provisioner=FakeProvisioner(kind, cloud),
        wanted=wanted,
        changed=changed,
        drift=drifts,
        writes=lambda: len(cloud.writes),
    )


class TestFunction(ProvisionerContract):
    @pytest.fixture
    def case(self) -> Case:
        wanted = resource(
            "Desk", "Function", {"FunctionName": "desk", "Memory": 512}, volatile_tags={"strands:version": "7"}
        )
        changed = replace(wanted, properties={"FunctionName": "desk", "Timeout": 9}, tags={**wanted.tags, "tier": "x"})
        return the_case(wanted, changed, {"Memory": 64})


class TestTable(ProvisionerContract):
    @pytest.fixture
    def case(self) -> Case:
        wanted = resource("Tickets", "Table", {"TableName": "tickets", "Mode": "OnDemand", "Seed": "s"})
        changed = replace(wanted, properties={**wanted.properties, "Mode": "provisioned", "Seed": "t"})
        return the_case(wanted, changed, {"Mode": "other"})


class TestRule(ProvisionerContract):
    @pytest.fixture
    def case(self) -> Case:
        return the_case(resource("Hourly", "Rule", {"Pattern": "h"}), None, {"Pattern": "d"})


class TestNet(ProvisionerContract):
    @pytest.fixture
    def case(self) -> Case:
        return the_case(resource("Office", "Net", {"Range": "a"}), None, {"Range": "b"})


class TestNameOnly(ProvisionerContract):
    @pytest.fixture
    def case(self) -> Case:
        return the_case(resource("Plain", "Role", {"RoleName": "plain"}), None, None)


def test_an_interrupted_creation_is_finished_by_the_next() -> None:
    wanted = resource("Desk", "Function", {"FunctionName": "desk", "Memory": 512})
    cloud = FakeCloud()
    provisioner = FakeProvisioner(KINDS[wanted.type], cloud)
    cloud.fail("Configure", "desk")
    with pytest.raises(CloudError):
        provisioner.create(target(wanted))
    provisioner.create(target(wanted))
    (thing,) = cloud.inventory().values()
    assert thing["properties"] == wanted.properties


def test_errors_other_than_absence_and_conflict_come_through() -> None:
    wanted = resource("Desk", "Function", {"FunctionName": "desk"})
    cloud = FakeCloud()
    provisioner = FakeProvisioner(KINDS[wanted.type], cloud)
    cloud.fail("Create", "desk")
    with pytest.raises(CloudError):
        provisioner.create(target(wanted))
    made = provisioner.create(target(wanted))
    live = provisioner.read(made.physical_id, {})
    assert live is not None
    cloud.fail("Delete", "desk")
    with pytest.raises(CloudError):
        provisioner.delete(recorded(wanted, made))
    cloud.remove(wanted.type, "desk")
    with pytest.raises(CloudError) as gone:
        provisioner.update(target(wanted), live)
    assert gone.value.category is Category.NOT_FOUND


def test_writing_to_what_vanished_meanwhile_is_an_error() -> None:
    cloud = FakeCloud()
    thing = cloud.create("Test::Function", "desk", {}, {}, named=True)
    cloud.remove("Test::Function", "desk")
    with pytest.raises(CloudError, match="does not exist"):
        cloud.configure(thing, {})


def test_references_to_what_does_not_exist_are_refused_unless_the_cloud_is_lax() -> None:
    properties = {"Roles": [{"Arn": "arn:fake:Test::Role/nobody"}]}
    with pytest.raises(CloudError, match="does not exist"):
        FakeCloud().create("Test::Function", "desk", properties, {}, named=True)
    FakeCloud(strict=False).create("Test::Function", "desk", properties, {}, named=True)
