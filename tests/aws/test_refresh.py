"""Refresh reads everything recorded, or says what could not be read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployments.aws.calls import Aws
from deployments.aws.refresh import read_all
from deployments.aws.registry import provisioners
from deployments.engine.errors import Category, CloudError, NotPlannable
from tests.aws import cases
from tests.aws.conftest import ZIPS, Recording
from tests.engine.provisioner_contract import recorded, target

TYPES = ("AWS::SNS::Topic", "AWS::Logs::LogGroup", "AWS::S3::Bucket")


def test_what_is_there_and_what_is_gone(aws: Aws) -> None:
    every = provisioners(aws, ZIPS.__getitem__)
    entries = []
    for type_name in TYPES:
        resource = replace(cases.wanted(type_name), logical_id=type_name)
        entries.append(recorded(resource, every[type_name].create(target(resource))))
    every["AWS::SNS::Topic"].delete(entries[0])
    live = read_all(entries, every)
    assert list(live) == list(TYPES)
    assert live["AWS::SNS::Topic"] is None
    assert live["AWS::Logs::LogGroup"] is not None and live["AWS::S3::Bucket"] is not None


def test_an_unreadable_resource_is_named(aws: Aws, listener: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    every = provisioners(aws, ZIPS.__getitem__)
    resource = cases.wanted("AWS::SNS::Topic")
    entry = recorded(resource, every["AWS::SNS::Topic"].create(target(resource)))

    def refuse(*_: object, **__: object) -> None:
        raise CloudError("Not allowed.", service="sns", operation="Get", code="AccessDenied", category=Category.DENIED)

    monkeypatch.setattr(aws, "look", refuse)
    with pytest.raises(NotPlannable, match=r"Subject \(AWS::SNS::Topic\) could not be read. Not allowed."):
        read_all([entry], every)


def test_a_type_without_a_provisioner_is_named(aws: Aws) -> None:
    entry = recorded(cases.wanted("AWS::SNS::Topic"), provisioners(aws, ZIPS.__getitem__)["AWS::SNS::Topic"].create(
        target(cases.wanted("AWS::SNS::Topic"))
    ))  # fmt: skip
    with pytest.raises(NotPlannable, match="Subject is of type AWS::Nothing::AtAll"):
        read_all([replace(entry, type="AWS::Nothing::AtAll")], provisioners(aws, ZIPS.__getitem__))
