"""The provisioners' contract, over every kind in the registry."""

from __future__ import annotations

import pytest

from deployments.aws.calls import Aws
from deployments.aws.registry import KINDS
from tests.aws import cases
from tests.aws.conftest import Recording
from tests.engine.provisioner_contract import Case, ProvisionerContract


def test_every_kind_has_a_case() -> None:
    assert set(cases.WANTED) == set(KINDS)


@pytest.mark.parametrize("type_name", sorted(KINDS))
class TestEveryKind(ProvisionerContract):
    @pytest.fixture
    def case(self, aws: Aws, listener: Recording, type_name: str) -> Case:
        return cases.case(aws, listener, type_name)
